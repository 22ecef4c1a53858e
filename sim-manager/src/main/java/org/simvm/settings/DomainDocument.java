// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import com.ctc.wstx.api.WstxInputProperties;
import com.ctc.wstx.stax.WstxInputFactory;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.stream.Location;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import org.codehaus.stax2.XMLStreamReader2;

/**
 * A domain's XML as a tree that knows where in the text each element is.
 *
 * <p>Meant for the two things that ordinary trees lose: telling a mistake by line and column, and
 * changing a few characters of a document while leaving every other one as it was. Document types
 * are refused, so there are no entities but the five of XML. Immutable.
 */
public final class DomainDocument {

    /**
     * Longest document that is looked at, in characters. libvirt's own limit for a domain's XML is
     * 4 MiB.
     */
    public static final int MAXIMUM_LENGTH = 4 << 20;

    private static final int MAXIMUM_DEPTH = 64;
    private static final int MAXIMUM_ATTRIBUTES = 256;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /**
     * An attribute.
     *
     * @param namespace empty for none
     * @param prefix empty for none
     */
    public record Attribute(String namespace, String prefix, String name, String value) {}

    /**
     * An element and its place in the text. Offsets count characters from 0; lines and columns
     * count from 1.
     */
    public static final class Element {
        private final Element parent;
        private final String namespace;
        private final String prefix;
        private final String name;
        private final List<Attribute> attributes;
        private final List<Element> children = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private final boolean emptyTag;
        private final int line;
        private final int column;
        private final int start;
        private final int contentStart;
        private int contentEnd;
        private int end;

        private Element(Element parent, XMLStreamReader2 reader, int offset)
                throws XMLStreamException {
            this.parent = parent;
            namespace = orEmpty(reader.getNamespaceURI());
            prefix = orEmpty(reader.getPrefix());
            name = reader.getLocalName();
            List<Attribute> found = new ArrayList<>();
            for (int i = 0; i < reader.getAttributeCount(); i++) {
                found.add(new Attribute(
                        orEmpty(reader.getAttributeNamespace(i)),
                        orEmpty(reader.getAttributePrefix(i)),
                        reader.getAttributeLocalName(i),
                        reader.getAttributeValue(i)));
            }
            attributes = List.copyOf(found);
            emptyTag = reader.isEmptyElement();
            Location location = reader.getLocationInfo().getStartLocation();
            line = location.getLineNumber();
            column = location.getColumnNumber();
            start = offset + (int) reader.getLocationInfo().getStartingCharOffset();
            contentStart = offset + (int) reader.getLocationInfo().getEndingCharOffset();
            contentEnd = contentStart;
            end = contentStart;
        }

        /**
         * Makes an element of SIM's namespace that the document says in other words.
         *
         * @param source the element that says it, whose place in the text this one takes
         */
        Element(Element parent, String name, Map<String, String> attributes, Element source) {
            this.parent = parent;
            this.namespace = SimSettings.NAMESPACE;
            this.prefix = "";
            this.name = name;
            this.attributes = attributes.entrySet().stream()
                    .map(each -> new Attribute("", "", each.getKey(), each.getValue()))
                    .toList();
            emptyTag = true;
            line = source.line;
            column = source.column;
            start = source.start;
            contentStart = source.contentStart;
            contentEnd = source.contentEnd;
            end = source.end;
            if (parent != null) {
                parent.children.add(this);
            }
        }

        /** Returns the namespace; empty for none. */
        public String namespace() {
            return namespace;
        }

        /** Returns the name without prefix. */
        public String name() {
            return name;
        }

        /** Returns the name as it is written, prefix included. */
        public String qualifiedName() {
            return prefix.isEmpty() ? name : prefix + ":" + name;
        }

        /** Returns the element around this one; empty for the root. */
        public Optional<Element> parent() {
            return Optional.ofNullable(parent);
        }

        /** Returns the attributes in the order of the text, namespace declarations left out. */
        public List<Attribute> attributes() {
            return attributes;
        }

        /** Returns the value of an attribute without namespace. */
        public Optional<String> attribute(String attributeName) {
            return attributes.stream()
                    .filter(a -> a.namespace().isEmpty() && a.name().equals(attributeName))
                    .map(Attribute::value)
                    .findFirst();
        }

        /** Returns the child elements in the order of the text. */
        public List<Element> children() {
            return Collections.unmodifiableList(children);
        }

        /** Returns the child elements of this name without namespace: libvirt's own. */
        public List<Element> children(String childName) {
            return children.stream()
                    .filter(c -> c.namespace.isEmpty() && c.name.equals(childName))
                    .toList();
        }

        /** Returns the first child element of this name without namespace. */
        public Optional<Element> child(String childName) {
            return children(childName).stream().findFirst();
        }

        /** Returns the text directly in this element, white space included. */
        public String text() {
            return text.toString();
        }

        /** Tells whether the element is written as one empty tag, as in {@code <acpi/>}. */
        public boolean emptyTag() {
            return emptyTag;
        }

        /** Returns the line of the start tag. */
        public int line() {
            return line;
        }

        /** Returns the column of the start tag. */
        public int column() {
            return column;
        }

        /** Returns the offset of the start tag's first character. */
        public int start() {
            return start;
        }

        /** Returns the offset after the start tag. */
        public int contentStart() {
            return contentStart;
        }

        /** Returns the offset of the end tag; {@link #end} if there is none. */
        public int contentEnd() {
            return contentEnd;
        }

        /** Returns the offset after the element. */
        public int end() {
            return end;
        }

        private static String orEmpty(String value) {
            return value == null ? "" : value;
        }
    }

    private final String text;
    private final String source;
    private final Element root;

    private DomainDocument(String text, String source, Element root) {
        this.text = text;
        this.source = source;
        this.root = root;
    }

    /**
     * Parses a document.
     *
     * @param source what problems call the document: a file's name, a domain's name
     * @throws SettingsException one problem: the text is not well-formed, has a document type, or
     *     is beyond the limits (length, depth of 64, 256 attributes in an element)
     */
    public static DomainDocument parse(String text, String source) throws SettingsException {
        if (text.length() > MAXIMUM_LENGTH) {
            throw new SettingsException(List.of(new Problem(
                    source,
                    "longer than " + MAXIMUM_LENGTH + " characters",
                    "give the XML of one domain")));
        }
        int offset = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
        try {
            XMLStreamReader2 reader = (XMLStreamReader2)
                    inputFactory().createXMLStreamReader(new StringReader(text.substring(offset)));
            try {
                return new DomainDocument(text, source, read(reader, source, offset));
            } finally {
                reader.close();
            }
        } catch (XMLStreamException e) {
            Location at = e.getLocation();
            String where = at == null
                    ? source
                    : source + ":" + at.getLineNumber() + ":" + at.getColumnNumber();
            String what = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new SettingsException(List.of(new Problem(
                    where, "not well-formed XML: " + what, "correct the document there")));
        }
    }

    /** Returns the text that was parsed, unchanged. */
    public String text() {
        return text;
    }

    /** Returns what problems call the document. */
    public String source() {
        return source;
    }

    /** Returns the outermost element. */
    public Element root() {
        return root;
    }

    /** Tells whether this is a domain, and not another document or an element by itself. */
    public boolean isDomain() {
        return root.namespace.isEmpty() && root.name.equals("domain");
    }

    /** Makes a problem at an element of this document. */
    public Problem problem(Element at, String what, String nextStep) {
        return new Problem(source + ":" + at.line() + ":" + at.column(), what, nextStep);
    }

    private static Element read(XMLStreamReader2 reader, String source, int offset)
            throws XMLStreamException, SettingsException {
        Element root = null;
        Element current = null;
        while (reader.hasNext()) {
            switch (reader.next()) {
                case XMLStreamConstants.DTD -> {
                    Location at = reader.getLocationInfo().getStartLocation();
                    throw new SettingsException(List.of(new Problem(
                            source + ":" + at.getLineNumber() + ":" + at.getColumnNumber(),
                            "a document type is not allowed",
                            "remove the DOCTYPE and write entities out")));
                }
                case XMLStreamConstants.START_ELEMENT -> {
                    Element element = new Element(current, reader, offset);
                    if (current == null) {
                        root = element;
                    } else {
                        current.children.add(element);
                    }
                    current = element;
                }
                case XMLStreamConstants.END_ELEMENT -> {
                    if (!current.emptyTag) {
                        current.contentEnd =
                                offset + (int) reader.getLocationInfo().getStartingCharOffset();
                        current.end = offset + (int) reader.getLocationInfo().getEndingCharOffset();
                    }
                    current = current.parent;
                }
                case XMLStreamConstants.CHARACTERS,
                        XMLStreamConstants.CDATA,
                        XMLStreamConstants.SPACE -> {
                    if (current != null) {
                        current.text.append(reader.getText());
                    }
                }
                default -> {} // comments and processing instructions say nothing to us
            }
        }
        return root;
    }

    @SuppressWarnings("deprecation") // of lazy parsing, which is switched off
    private static XMLInputFactory inputFactory() {
        WstxInputFactory factory = new WstxInputFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(WstxInputProperties.P_LAZY_PARSING, false); // offsets are exact at once
        factory.setProperty(WstxInputProperties.P_MAX_ELEMENT_DEPTH, MAXIMUM_DEPTH);
        factory.setProperty(WstxInputProperties.P_MAX_ATTRIBUTES_PER_ELEMENT, MAXIMUM_ATTRIBUTES);
        return factory;
    }
}
