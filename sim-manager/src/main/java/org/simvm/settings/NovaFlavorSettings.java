// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.simvm.settings.DomainDocument.Element;

/**
 * Reads what an OpenStack flavor wants of SIM: extra specs whose names begin with {@code sim:},
 * which nova writes into the metadata of each domain
 * ({@code <nova:instance><nova:flavor><nova:extraSpecs><nova:extraSpec name="sim:required">yes}).
 * Nova writes domains anew at every hard reboot and migration, so an element of our own would not
 * last there.
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

    private NovaFlavorSettings() {}

    /**
     * Returns a {@code sim} element that says what the flavor wants, as text; empty if it wants
     * nothing.
     *
     * @param problems takes extra specs that do not exist
     */
    static Optional<String> element(Element domain, ProblemList problems) {
        Map<String, String> wishes = new LinkedHashMap<>();
        for (Element metadata : domain.children("metadata")) {
            for (Element instance : metadata.children()) {
                if (instance.namespace().startsWith(NAMESPACE_FAMILY)
                        && instance.name().equals("instance")) {
                    instance.children().stream()
                            .filter(each -> each.name().equals("flavor"))
                            .flatMap(each -> each.children().stream())
                            .filter(each -> each.name().equals("extraSpecs"))
                            .flatMap(each -> each.children().stream())
                            .forEach(spec -> read(spec, wishes, problems));
                }
            }
        }
        return wishes.isEmpty() ? Optional.empty() : Optional.of(element(wishes));
    }

    private static void read(Element spec, Map<String, String> wishes, ProblemList problems) {
        String name = spec.attribute("name").orElse("");
        if (!name.startsWith(PREFIX)) {
            return;
        }
        String wish = name.substring(PREFIX.length());
        if (KNOWN.contains(wish)) {
            wishes.put(wish, spec.text().strip());
        } else {
            problems.add(
                    spec,
                    "the flavor has the extra spec " + name + ", which says nothing to SIM",
                    "use sim:" + String.join(", sim:", KNOWN.stream().sorted().toList()));
        }
    }

    private static String element(Map<String, String> wishes) {
        StringBuilder xml = new StringBuilder("<sim");
        for (String attribute : new String[] {"required", "gate"}) {
            if (wishes.containsKey(attribute)) {
                xml.append(' ')
                        .append(attribute)
                        .append("='")
                        .append(escaped(wishes.get(attribute)))
                        .append('\'');
            }
        }
        xml.append('>');
        for (String monitor :
                wishes.getOrDefault("monitors", "syscalls,process").split("[, ]+")) {
            xml.append("<monitor name='").append(escaped(monitor)).append("'/>");
        }
        if (wishes.containsKey("check_interval")) {
            xml.append("<integrity interval='")
                    .append(escaped(wishes.get("check_interval")))
                    .append("'/>");
        }
        if (wishes.containsKey("policy")) {
            xml.append("<policy default='")
                    .append(escaped(wishes.get("policy")))
                    .append("'/>");
        }
        return xml.append("</sim>").toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }
}
