// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.simvm.settings.DomainDocument.Element;

/**
 * Reads what an OpenStack flavor says of SIM: extra specs whose names begin with {@code sim:},
 * which nova writes into the metadata of each domain
 * ({@code <nova:instance><nova:flavor><nova:extraSpecs><nova:extraSpec name="sim:required">yes}).
 * Nova generates domains again at every hard reboot and migration, so an element of our own would
 * not last there.
 *
 * <p>{@code sim:required}, {@code sim:gate}, {@code sim:monitors} (names, separated by commas),
 * {@code sim:check_interval} (seconds) and {@code sim:policy} (the default action) say what the
 * attributes of {@code <sim:sim>} and its children say.
 */
final class NovaFlavorSettings {
    private static final String NAMESPACE_FAMILY = "http://openstack.org/xmlns/libvirt/nova/";
    private static final String PREFIX = "sim:";
    private static final Set<String> KNOWN =
            Set.of("required", "gate", "monitors", "check_interval", "policy");
    private static final String DEFAULT_MONITORS = "syscalls,process";

    private NovaFlavorSettings() {}

    /**
     * Returns the {@code sim} element that says what the flavor's extra specs say; each part of it
     * has its spec's place in the document.
     *
     * @param problems takes extra specs that do not exist
     * @return empty if the flavor says nothing of SIM
     */
    static Optional<Element> element(Element domain, ProblemList problems) {
        Map<String, Element> specs = new LinkedHashMap<>();
        domain.children("metadata").stream()
                .flatMap(metadata -> metadata.children().stream())
                .filter(each -> each.namespace().startsWith(NAMESPACE_FAMILY)
                        && each.name().equals("instance"))
                .flatMap(instance -> named(instance, "flavor"))
                .flatMap(flavor -> named(flavor, "extraSpecs"))
                .flatMap(extraSpecs -> extraSpecs.children().stream())
                .forEach(spec -> read(spec, specs, problems));
        return specs.isEmpty() ? Optional.empty() : Optional.of(element(specs));
    }

    private static Stream<Element> named(Element parent, String name) {
        return parent.children().stream().filter(each -> each.name().equals(name));
    }

    private static void read(Element spec, Map<String, Element> specs, ProblemList problems) {
        String name = spec.attribute("name").orElse("");
        if (!name.startsWith(PREFIX)) {
            return;
        }
        String setting = name.substring(PREFIX.length());
        if (KNOWN.contains(setting)) {
            specs.put(setting, spec);
        } else {
            problems.add(
                    spec,
                    "the flavor's extra spec " + name + " is unknown",
                    "use sim:" + String.join(", sim:", KNOWN.stream().sorted().toList()));
        }
    }

    private static Element element(Map<String, Element> specs) {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (String name : List.of("required", "gate")) {
            if (specs.containsKey(name)) {
                attributes.put(name, value(specs.get(name)));
            }
        }
        Element first = specs.values().iterator().next();
        Element sim = new Element(null, "sim", attributes, first);
        Element monitors = specs.get("monitors");
        String names = monitors == null ? DEFAULT_MONITORS : value(monitors);
        for (String name : names.split("[, ]+", -1)) {
            new Element(sim, "monitor", Map.of("name", name), monitors == null ? first : monitors);
        }
        Optional.ofNullable(specs.get("check_interval"))
                .ifPresent(spec ->
                        new Element(sim, "integrity", Map.of("interval", value(spec)), spec));
        Optional.ofNullable(specs.get("policy"))
                .ifPresent(
                        spec -> new Element(sim, "policy", Map.of("default", value(spec)), spec));
        return sim;
    }

    private static String value(Element spec) {
        return spec.text().strip();
    }
}
