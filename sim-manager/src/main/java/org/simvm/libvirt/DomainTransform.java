// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.DomainDocument.Element;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettings;
import org.simvm.settings.SimSettingsReader;

/**
 * Changes a domain's XML so that the domain runs under SIM, and back.
 *
 * <p>The one thing that changes is {@code <emulator>}, and every other character stays, comments,
 * order and white space included. Applying twice is the same as applying once, and removing what
 * was applied gives the first text back if the emulator that {@link Result#previousEmulator} named
 * is given to it. Remembering that emulator is the caller's: it has no place in the domain's XML.
 * Immutable.
 */
public final class DomainTransform {

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
     * @param original as for {@link #remove}
     * @throws SettingsException the settings are wrong, or the domain cannot run under SIM; the XML
     *     must not be used
     */
    public Result transform(DomainDocument document, Optional<Path> original)
            throws SettingsException {
        return SimSettingsReader.read(document).isPresent()
                ? apply(document)
                : remove(document, original);
    }

    /**
     * Puts settings into a domain that has none, for platforms whose users can't write metadata.
     *
     * @param settings a {@code sim:sim} element with its namespace declared; libvirt drops any
     *     other
     * @return the document to use; the given one if the domain has settings of its own
     * @throws SettingsException the element, or the domain, is wrong
     */
    public static DomainDocument withSettings(DomainDocument document, DomainDocument settings)
            throws SettingsException {
        demandDomain(document);
        if (settings.root().namespace().isEmpty()) {
            throw new SettingsException(List.of(settings.problem(
                    settings.root(),
                    "the element has no namespace, so libvirt would drop it silently",
                    "write <sim:sim xmlns:sim=\"" + SimSettings.NAMESPACE + "\">")));
        }
        SimSettingsReader.read(settings);
        if (SimSettingsReader.read(document).isPresent()) {
            return document;
        }
        String element = settings.text()
                .substring(settings.root().start(), settings.root().end());
        return DomainDocument.parse(withMetadata(document, element), document.source());
    }

    private static String withMetadata(DomainDocument document, String element) {
        String xml = document.text();
        Optional<Element> metadata = document.root().child("metadata");
        if (metadata.isEmpty()) {
            int at = document.root().contentStart();
            return xml.substring(0, at) + "\n  <metadata>" + element + "</metadata>"
                    + xml.substring(at);
        }
        if (metadata.get().emptyTag()) {
            return xml.substring(0, metadata.get().start()) + "<metadata>" + element + "</metadata>"
                    + xml.substring(metadata.get().end());
        }
        int at = metadata.get().contentEnd();
        return xml.substring(0, at) + element + xml.substring(at);
    }

    /**
     * Makes the domain start by the launcher.
     *
     * @throws SettingsException every reason why this domain cannot run under SIM
     */
    public Result apply(DomainDocument document) throws SettingsException {
        demandDomain(document);
        List<Problem> obstacles = DomainObstacles.of(document);
        if (!obstacles.isEmpty()) {
            throw new SettingsException(obstacles);
        }
        String xml = document.text();
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
     * @param original the emulator to put back; empty: {@code <emulator>} is removed, and libvirt
     *     fills its default in when the domain is defined
     * @throws SettingsException the text is no domain
     */
    public Result remove(DomainDocument document, Optional<Path> original)
            throws SettingsException {
        demandDomain(document);
        String xml = document.text();
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

    private static void demandDomain(DomainDocument document) throws SettingsException {
        Element root = document.root();
        if (!document.isDomain() || root.emptyTag()) {
            throw new SettingsException(List.of(document.problem(
                    root, "<" + root.qualifiedName() + "> is no <domain>", "give a domain's XML")));
        }
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
}
