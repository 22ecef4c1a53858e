// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.io.StringReader;
import java.io.StringWriter;

import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import javax.xml.stream.XMLStreamWriter;

/**
 * Rewrites a {@code <sim:sim>} element as libvirt wants it when metadata is set: names without
 * prefix, no namespace.
 */
public final class SimElement {
    private SimElement() {}

    /**
     * Returns the element without its namespace; one that has none stays as it is, comments apart.
     *
     * @param xml a valid element
     */
    public static String withoutNamespace(String xml) {
        XMLInputFactory input = XMLInputFactory.newInstance();
        input.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        input.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        StringWriter text = new StringWriter();
        try {
            XMLStreamReader reader = input.createXMLStreamReader(new StringReader(xml));
            XMLStreamWriter writer = XMLOutputFactory.newInstance().createXMLStreamWriter(text);
            while (reader.hasNext()) {
                switch (reader.next()) {
                    case XMLStreamReader.START_ELEMENT -> {
                        writer.writeStartElement(reader.getLocalName());
                        for (int i = 0; i < reader.getAttributeCount(); i++) {
                            writer.writeAttribute(
                                    reader.getAttributeLocalName(i), reader.getAttributeValue(i));
                        }
                    }
                    case XMLStreamReader.END_ELEMENT -> writer.writeEndElement();
                    case XMLStreamReader.CHARACTERS, XMLStreamReader.CDATA, XMLStreamReader.SPACE ->
                        writer.writeCharacters(reader.getText());
                    default -> {} // comments and processing instructions: libvirt drops them from
                    // metadata as well
                }
            }
            writer.close();
            return text.toString();
        } catch (XMLStreamException e) {
            throw new IllegalArgumentException("not XML: " + e.getMessage(), e);
        }
    }
}
