// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.math.BigInteger;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.simvm.settings.DomainDocument.Element;

/** Reads what the manager needs to know from a domain's XML. */
public final class DomainDescriptionReader {

    /**
     * libvirt's units of memory, formatdomain "memory": a bare letter is binary, KB and the like
     * are decimal.
     */
    private static final Map<String, Long> UNITS = Map.ofEntries(
            Map.entry("b", 1L),
            Map.entry("bytes", 1L),
            Map.entry("k", 1L << 10),
            Map.entry("kib", 1L << 10),
            Map.entry("kb", 1_000L),
            Map.entry("m", 1L << 20),
            Map.entry("mib", 1L << 20),
            Map.entry("mb", 1_000_000L),
            Map.entry("g", 1L << 30),
            Map.entry("gib", 1L << 30),
            Map.entry("gb", 1_000_000_000L),
            Map.entry("t", 1L << 40),
            Map.entry("tib", 1L << 40),
            Map.entry("tb", 1_000_000_000_000L));

    private final ProblemList problems;

    private DomainDescriptionReader(String source) {
        problems = new ProblemList(source);
    }

    /**
     * Reads a whole domain.
     *
     * @throws SettingsException everything that keeps the domain from being understood
     */
    public static DomainDescription read(DomainDocument document) throws SettingsException {
        return new DomainDescriptionReader(document.source()).describe(document);
    }

    private DomainDescription describe(DomainDocument document) throws SettingsException {
        Element domain = document.root();
        if (!document.isDomain()) {
            problems.add(
                    domain,
                    "<" + domain.qualifiedName() + "> is not a domain",
                    "give a domain's XML");
            problems.throwIfAny();
        }
        Optional<Element> devices = domain.child("devices");
        Optional<Element> osType = domain.child("os").flatMap(os -> os.child("type"));
        long memory = memory(domain, "memory").orElse(0L);
        if (memory == 0 && domain.child("memory").isEmpty()) {
            problems.add(domain, "the domain has no <memory>", "add it");
        }
        DomainDescription description = new DomainDescription(
                domain.child("uuid").flatMap(this::uuid),
                text(domain, "name"),
                domain.attribute("type").orElse(""),
                osType.flatMap(t -> t.attribute("arch")).orElse(""),
                osType.flatMap(t -> t.attribute("machine")).orElse(""),
                devices.flatMap(d -> d.child("emulator")).flatMap(this::path),
                memory(domain, "currentMemory").orElse(memory),
                memory,
                memory(domain, "maxMemory").orElse(memory),
                vcpus(domain));
        problems.throwIfAny();
        return description;
    }

    private String text(Element domain, String name) {
        Optional<String> text =
                domain.child(name).map(e -> e.text().strip()).filter(t -> !t.isEmpty());
        if (text.isEmpty()) {
            problems.add(domain, "the domain has no <" + name + ">", "add it");
        }
        return text.orElse("");
    }

    private Optional<Path> path(Element element) {
        String text = element.text().strip();
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            problems.add(
                    element,
                    "<" + element.name()
                            + "> has characters that the locale of this process does not know",
                    "run it in a UTF-8 locale");
            return Optional.empty();
        }
    }

    private Optional<UUID> uuid(Element element) {
        // libvirt takes the digits with or without hyphens, and prints them in groups of
        // 8-4-4-4-12.
        String digits = element.text().strip().replace("-", "");
        if (!digits.matches("[0-9A-Fa-f]{32}")) {
            problems.add(
                    element, "<uuid> is not 32 hexadecimal digits", "correct it, or remove it");
            return Optional.empty();
        }
        return Optional.of(new UUID(
                Long.parseUnsignedLong(digits, 0, 16, 16),
                Long.parseUnsignedLong(digits, 16, 32, 16)));
    }

    private Optional<Long> memory(Element domain, String name) {
        Optional<Element> element = domain.child(name);
        if (element.isEmpty()) {
            return Optional.empty();
        }
        String number = element.get().text().strip();
        String unit = element.get().attribute("unit").orElse("KiB");
        Long factor = UNITS.get(unit.toLowerCase(Locale.ROOT));
        if (factor == null) {
            problems.add(
                    element.get(),
                    "unit=\"" + unit + "\" on <" + name + "> is not a unit of memory",
                    "use KiB, MiB, GiB or another of libvirt's units");
            return Optional.empty();
        }
        if (!number.matches("[0-9]{1,19}")) {
            problems.add(
                    element.get(), "<" + name + "> is not a whole number", "write digits only");
            return Optional.empty();
        }
        BigInteger bytes = new BigInteger(number).multiply(BigInteger.valueOf(factor));
        if (bytes.bitLength() > 62) {
            problems.add(element.get(), "<" + name + "> is beyond any machine", "correct it");
            return Optional.empty();
        }
        return Optional.of(bytes.longValueExact());
    }

    private int vcpus(Element domain) {
        Optional<Element> element = domain.child("vcpu");
        if (element.isEmpty()) {
            return 1; // libvirt's default
        }
        String number = element.get().text().strip();
        if (!number.matches("[1-9][0-9]{0,4}")) {
            problems.add(element.get(), "<vcpu> is not a number from 1", "correct it");
            return 1;
        }
        return Integer.parseInt(number);
    }
}
