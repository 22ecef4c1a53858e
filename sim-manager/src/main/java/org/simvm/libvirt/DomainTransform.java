// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.DomainDocument.Element;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettings;
import org.simvm.settings.SimSettingsReader;

/**
 * Changes a domain's XML so that the domain runs under SIM, and back.
 *
 * <p>Text in, text out: the one thing that changes is {@code <emulator>}, and every other character
 * stays, comments, order and white space included. Applying twice is the same as applying once, and
 * removing what was applied gives the first text back if the emulator that
 * {@link Result#previousEmulator} named is given to it. Remembering that emulator is the caller's:
 * it has no place in the domain's XML. Immutable.
 */
public final class DomainTransform {

    private static final Set<String> DOMAIN_TYPES = Set.of("kvm", "qemu");
    private static final String SHARED = "shared";
    private static final String PRIVATE = "guest RAM is private to QEMU";
    private static final String UNSHARABLE = " keeps the launcher from sharing it";

    /**
     * What became of the XML.
     *
     * @param xml the text to use; the given one if nothing changed
     * @param changed whether it differs from the given one
     * @param previousEmulator what was replaced; empty if nothing changed, or if there was none
     *     (libvirt then uses its default)
     */
    public record Result(String xml, boolean changed, Optional<Path> previousEmulator) {}

    private final Path launcher;

    /**
     * Makes a transform for one host.
     *
     * @param launcher what {@code <emulator>} is to name; absolute
     */
    public DomainTransform(Path launcher) {
        if (!launcher.isAbsolute()) {
            throw new IllegalArgumentException("launcher is not absolute: " + launcher);
        }
        this.launcher = launcher;
    }

    /**
     * Applies or removes, as the domain's settings say: with a valid {@code sim} element it is
     * applied, without one it is removed.
     *
     * @param source what problems call the text
     * @param original as for {@link #remove}
     * @throws SettingsException the settings are wrong, or the domain cannot run under SIM; the XML
     *     must not be used
     */
    public Result transform(String xml, String source, Optional<Path> original)
            throws SettingsException {
        boolean wanted = SimSettingsReader.read(xml, source).isPresent();
        return wanted ? apply(xml, source) : remove(xml, source, original);
    }

    /**
     * Puts settings into a domain that has none, for platforms whose users can't write metadata.
     *
     * @param element a {@code sim:sim} element with its namespace declared; libvirt drops any other
     * @return the text to use; the given one if the domain has settings of its own, or says that it
     *     wants none
     * @throws SettingsException the element, or the domain, is wrong
     */
    public static String withSettings(
            String xml, String source, String element, String elementSource)
            throws SettingsException {
        DomainDocument document = parse(xml, source);
        DomainDocument settings = DomainDocument.parse(element, elementSource);
        if (settings.root().namespace().isEmpty()) {
            throw new SettingsException(List.of(settings.problem(
                    settings.root(),
                    "the element has no namespace, so libvirt would drop it" + " without a word",
                    "write <sim:sim xmlns:sim=\"" + SimSettings.NAMESPACE + "\">")));
        }
        SimSettingsReader.read(settings);
        if (SimSettingsReader.read(document).isPresent()) {
            return xml;
        }
        String whole =
                element.substring(settings.root().start(), settings.root().end());
        Optional<Element> metadata = document.root().child("metadata");
        if (metadata.isEmpty()) {
            int at = document.root().contentStart();
            return xml.substring(0, at) + "\n  <metadata>" + whole + "</metadata>"
                    + xml.substring(at);
        }
        if (metadata.get().emptyTag()) {
            return xml.substring(0, metadata.get().start()) + "<metadata>" + whole + "</metadata>"
                    + xml.substring(metadata.get().end());
        }
        int at = metadata.get().contentEnd();
        return xml.substring(0, at) + whole + xml.substring(at);
    }

    /**
     * Makes the domain start by the launcher.
     *
     * @param source what problems call the text
     * @throws SettingsException every reason why this domain cannot run under SIM
     */
    public Result apply(String xml, String source) throws SettingsException {
        DomainDocument document = parse(xml, source);
        refuse(document);
        Element domain = document.root();
        Optional<Element> devices = domain.child("devices");
        Optional<Element> emulator = devices.flatMap(d -> d.child("emulator"));
        if (emulator.isPresent()) {
            Optional<Path> previous = path(document, emulator.get());
            if (previous.equals(Optional.of(launcher))) {
                return new Result(xml, false, Optional.empty());
            }
            return new Result(setText(xml, emulator.get(), launcher), true, previous);
        }
        return new Result(insert(xml, domain, devices), true, Optional.empty());
    }

    /**
     * Makes the domain start without SIM, if it starts by the launcher; otherwise nothing changes.
     *
     * @param source what problems call the text
     * @param original the emulator to put back; empty: {@code <emulator>} is removed, and libvirt
     *     fills its default in when the domain is defined
     * @throws SettingsException the text is no domain
     */
    public Result remove(String xml, String source, Optional<Path> original)
            throws SettingsException {
        DomainDocument document = parse(xml, source);
        Optional<Element> emulator =
                document.root().child("devices").flatMap(d -> d.child("emulator"));
        if (emulator.map(e -> e.text().strip())
                        .filter(launcher.toString()::equals)
                        .isEmpty()
                || original.equals(Optional.of(launcher))) {
            return new Result(xml, false, Optional.empty());
        }
        String text = original.isPresent()
                ? setText(xml, emulator.get(), original.get())
                : cut(xml, emulator.get());
        return new Result(text, true, Optional.of(launcher));
    }

    private static DomainDocument parse(String xml, String source) throws SettingsException {
        DomainDocument document = DomainDocument.parse(xml, source);
        Element root = document.root();
        if (!root.name().equals("domain") || !root.namespace().isEmpty() || root.emptyTag()) {
            throw new SettingsException(List.of(document.problem(
                    root,
                    "<" + root.qualifiedName() + "> is not a whole domain",
                    "give a domain's XML")));
        }
        return document;
    }

    private static Optional<Path> path(DomainDocument document, Element emulator)
            throws SettingsException {
        String text = emulator.text().strip();
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            throw new SettingsException(List.of(document.problem(
                    emulator,
                    "<emulator> has characters that the locale of this process does not know",
                    "run it in a UTF-8 locale")));
        }
    }

    private static String setText(String xml, Element element, Path path) {
        if (element.emptyTag()) {
            return xml.substring(0, element.start()) + tag(path) + xml.substring(element.end());
        }
        return xml.substring(0, element.contentStart())
                + escaped(path)
                + xml.substring(element.contentEnd());
    }

    /** Removes an element and the white space before it: what {@link #insert} put there. */
    private static String cut(String xml, Element element) {
        int from = element.start();
        while (from > 0 && Character.isWhitespace(xml.charAt(from - 1))) {
            from--;
        }
        return xml.substring(0, from) + xml.substring(element.end());
    }

    private String insert(String xml, Element domain, Optional<Element> devices) {
        if (devices.isEmpty()) {
            int at = domain.contentEnd();
            return xml.substring(0, at) + "<devices>" + tag(launcher) + "</devices>\n"
                    + xml.substring(at);
        }
        Element found = devices.get();
        if (found.emptyTag()) {
            return xml.substring(0, found.start()) + "<devices>" + tag(launcher) + "</devices>"
                    + xml.substring(found.end());
        }
        int at = found.contentStart();
        return xml.substring(0, at) + indentation(xml, found) + tag(launcher) + xml.substring(at);
    }

    /**
     * Returns the white space between a start tag and the first child, which a new first child
     * needs too.
     */
    private static String indentation(String xml, Element element) {
        if (element.children().isEmpty()) {
            return "";
        }
        int end = element.contentStart();
        while (Character.isWhitespace(xml.charAt(end))) {
            end++;
        }
        return xml.substring(element.contentStart(), end);
    }

    private static String tag(Path path) {
        return "<emulator>" + escaped(path) + "</emulator>";
    }

    private static String escaped(Path path) {
        return path.toString().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static void refuse(DomainDocument document) throws SettingsException {
        Element domain = document.root();
        List<Problem> problems = new ArrayList<>();
        String type = domain.attribute("type").orElse("");
        if (!DOMAIN_TYPES.contains(type)) {
            problems.add(document.problem(
                    domain,
                    "SIM cannot serve a domain of type \"" + type + "\"",
                    "use type kvm or qemu, or remove the <sim:sim> element"));
        }
        domain.child("os").flatMap(os -> os.child("type")).ifPresent(os -> {
            String architecture = os.attribute("arch").orElse("x86_64");
            if (!architecture.equals("x86_64")) {
                problems.add(document.problem(
                        os,
                        "SIM cannot serve a guest of architecture " + architecture,
                        "use x86_64, or remove the <sim:sim> element"));
            }
        });
        domain.child("launchSecurity")
                .ifPresent(element -> problems.add(document.problem(
                        element,
                        "the guest's memory is encrypted by <launchSecurity>, so nothing on "
                                + "the host can read it",
                        "remove one of <launchSecurity> and <sim:sim>")));
        refusePrivateMemory(document, problems);
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
    }

    /**
     * Refuses guest RAM that the manager cannot map. The launcher turns a private
     * {@code memory-backend-ram} into a shared memfd; libvirt makes another backend
     * (qemu_command.c, qemuBuildMemoryBackendProps) for huge pages, for a source, and for any
     * access that is named, and that one must be shared already.
     */
    private static void refusePrivateMemory(DomainDocument document, List<Problem> problems) {
        Element domain = document.root();
        Optional<Element> backing = domain.child("memoryBacking");
        Optional<Element> source = backing.flatMap(b -> b.child("source"))
                .filter(s -> !s.attribute("type").orElse("anonymous").equals("anonymous"));
        Optional<Element> access = backing.flatMap(b -> b.child("access"));
        Optional<Element> hugePages = backing.flatMap(b -> b.child("hugepages"));
        String mode = access.flatMap(a -> a.attribute("mode")).orElse("");

        List<Element> cells = domain.child("cpu")
                .flatMap(c -> c.child("numa"))
                .map(n -> n.children("cell"))
                .orElse(List.of());
        boolean allCellsShared = !cells.isEmpty()
                && cells.stream()
                        .allMatch(c -> c.attribute("memAccess").orElse(mode).equals(SHARED));
        if (!mode.equals(SHARED) && !allCellsShared) {
            hugePages
                    .or(() -> source)
                    .or(() -> access)
                    .ifPresent(reason -> problems.add(document.problem(
                            reason,
                            PRIVATE + " and <" + reason.name() + ">" + UNSHARABLE,
                            "add <access mode='shared'/> to <memoryBacking>")));
        }
        for (Element cell : cells) {
            if (cell.attribute("memAccess").filter(a -> !a.equals(SHARED)).isPresent()) {
                problems.add(document.problem(
                        cell,
                        PRIVATE + " and memAccess of this <cell>" + UNSHARABLE,
                        "write memAccess='shared'"));
            }
        }
        for (Element device :
                domain.child("devices").map(d -> d.children("memory")).orElse(List.of())) {
            Optional<Element> deviceSource = device.child("source")
                    .filter(s ->
                            s.child("pagesize").isPresent() || s.child("path").isPresent());
            String deviceAccess = device.attribute("access").orElse(mode);
            boolean namedAccess = device.attribute("access").isPresent();
            if (!deviceAccess.equals(SHARED) && (namedAccess || deviceSource.isPresent())) {
                String reason = namedAccess ? "access" : "<source>";
                problems.add(document.problem(
                        device,
                        PRIVATE + " and " + reason + " of this <memory> device" + UNSHARABLE,
                        "write access='shared'"));
            }
        }
    }
}
