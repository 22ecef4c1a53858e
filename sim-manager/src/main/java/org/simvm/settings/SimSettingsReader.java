// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.Locale;
import java.util.Optional;
import org.simvm.settings.DomainDocument.Element;

/**
 * Reads a domain's SIM settings, and tells everything that is wrong with them.
 *
 * <p>Takes what people and libvirt hand out: a whole domain ({@code virsh dumpxml}, a hook's
 * standard input, a file to be defined), the element by itself with its namespace, and the element
 * by itself with the namespace taken away, as {@code virDomainGetMetadata} returns it and
 * {@code virsh metadata --set} wants it.
 */
public final class SimSettingsReader {

    /** What any version of the namespace has in it, however its scheme was written. */
    private static final String NAMESPACE_FAMILY = "simvm.org/";

    private SimSettingsReader() {}

    /**
     * Reads the settings out of a document.
     *
     * @param document a domain, or the {@code sim} element by itself
     * @return empty if the domain has no {@code sim} element, and no OpenStack flavor that asks for
     *     SIM
     * @throws SettingsException everything that is wrong, each with line and column of the document
     */
    public static Optional<SimSettings> read(DomainDocument document) throws SettingsException {
        ProblemList problems = new ProblemList(document.source());
        Optional<Element> element = find(document, problems);
        if (element.isEmpty() && document.isDomain()) {
            element = NovaFlavorSettings.element(document.root(), problems);
        }
        Optional<SimSettings> settings = element.map(sim ->
                SettingsConversion.convert(SchemaValidation.validate(sim, problems), problems));
        problems.throwIfAny();
        return settings;
    }

    private static Optional<Element> find(DomainDocument document, ProblemList problems) {
        Element root = document.root();
        if (document.isDomain()) {
            return findInDomain(root, problems);
        }
        if (root.name().equals("sim")
                && (root.namespace().equals(SimSettings.NAMESPACE)
                        || root.namespace().isEmpty())) {
            return Optional.of(root);
        }
        if (isNearMiss(root)) {
            refuseUnknown(root, problems);
        } else {
            problems.add(
                    root,
                    "<" + root.qualifiedName() + "> is neither a domain nor a sim element",
                    "give a domain's XML, or the <sim:sim> element by itself");
        }
        return Optional.empty();
    }

    private static Optional<Element> findInDomain(Element domain, ProblemList problems) {
        Element found = null;
        for (Element metadata : domain.children("metadata")) {
            for (Element child : metadata.children()) {
                boolean ours = child.namespace().equals(SimSettings.NAMESPACE);
                if (ours && child.name().equals("sim")) {
                    if (found == null) {
                        found = child;
                    } else {
                        problems.add(
                                child,
                                "a second <" + child.qualifiedName()
                                        + ">, which libvirt would drop silently",
                                "merge it into the one in line " + found.line());
                    }
                } else if (isNearMiss(child)) {
                    refuseUnknown(child, problems);
                } else if (child.namespace().isEmpty() && child.name().equals("sim")) {
                    problems.add(
                            child,
                            "<sim> has no namespace, so libvirt would drop it silently",
                            "write <sim:sim xmlns:sim=\"" + SimSettings.NAMESPACE + "\">");
                }
            }
        }
        return Optional.ofNullable(found);
    }

    /** Meant as ours, wherever the one who wrote it went wrong. */
    private static boolean isNearMiss(Element element) {
        return element.namespace().toLowerCase(Locale.ROOT).contains(NAMESPACE_FAMILY);
    }

    private static void refuseUnknown(Element element, ProblemList problems) {
        if (element.namespace().equals(SimSettings.NAMESPACE)) {
            problems.add(
                    element,
                    "unknown element <" + element.qualifiedName() + "> in SIM's namespace",
                    "the one outermost element is <sim:sim>");
        } else {
            problems.add(
                    element,
                    "unknown namespace " + element.namespace(),
                    "this version knows " + SimSettings.NAMESPACE);
        }
    }
}
