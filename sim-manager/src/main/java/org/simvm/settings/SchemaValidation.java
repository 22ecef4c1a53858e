// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import jakarta.xml.bind.JAXBContext;
import jakarta.xml.bind.JAXBElement;
import jakarta.xml.bind.JAXBException;
import jakarta.xml.bind.Unmarshaller;
import jakarta.xml.bind.UnmarshallerHandler;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import javax.xml.validation.ValidatorHandler;
import org.simvm.schema.ObjectFactory;
import org.simvm.schema.Sim;
import org.simvm.settings.DomainDocument.Attribute;
import org.simvm.settings.DomainDocument.Element;
import org.xml.sax.Attributes;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.AttributesImpl;
import org.xml.sax.helpers.LocatorImpl;
import org.xml.sax.helpers.XMLFilterImpl;

/**
 * Holds a {@code sim} element against the XSD and unmarshals it, in one pass.
 *
 * <p>The element is played to the validator as SAX events, so that its place in the text is exactly
 * the one that {@link DomainDocument} knows, and so that an element whose namespace libvirt took
 * away can be played with it.
 */
final class SchemaValidation {

    private static final String XSD = "/org/simvm/schema/sim.xsd";
    private static final String LOCALE_PROPERTY = "http://apache.org/xml/properties/locale";

    /** Schema and JAXB context are costly and safe to share between threads. */
    private static final class Shared {
        private static final Schema SCHEMA;
        private static final JAXBContext CONTEXT;

        static {
            try {
                SchemaFactory factory = SchemaFactory.newDefaultInstance();
                factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
                factory.setProperty(XMLConstants.ACCESS_EXTERNAL_DTD, "");
                factory.setProperty(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
                try (InputStream stream = Sim.class.getResourceAsStream(XSD)) {
                    SCHEMA = factory.newSchema(new StreamSource(stream));
                }
                CONTEXT = JAXBContext.newInstance(ObjectFactory.class);
            } catch (SAXException | JAXBException | IOException e) {
                throw new IllegalStateException(
                        "the schema in the jar domain-xml-schemas is broken", e);
            }
        }
    }

    private final boolean strippedNamespace;
    private final LocatorImpl place = new LocatorImpl();
    private final ValidatorHandler validator = Shared.SCHEMA.newValidatorHandler();
    private final SchemaErrors errors;

    private SchemaValidation(Element root, ProblemList problems) {
        strippedNamespace = root.namespace().isEmpty();
        errors = new SchemaErrors(problems);
    }

    /**
     * Validates and unmarshals.
     *
     * @param problems gets what the schema says is wrong
     * @return what could be understood; parts that are wrong are missing
     */
    static Sim validate(Element root, ProblemList problems) {
        return new SchemaValidation(root, problems).run(root);
    }

    private Sim run(Element root) {
        try {
            Unmarshaller unmarshaller = Shared.CONTEXT.createUnmarshaller();
            unmarshaller.setEventHandler(event -> true); // the validator has told it already
            UnmarshallerHandler objects = unmarshaller.getUnmarshallerHandler();
            validator.setProperty(LOCALE_PROPERTY, Locale.ROOT); // SchemaErrors reads the messages
            XMLFilterImpl understood = new UnderstoodAttributes();
            understood.setContentHandler(objects);
            validator.setContentHandler(understood);
            validator.setErrorHandler(new ErrorHandler() {
                @Override
                public void warning(SAXParseException e) {
                    errors.add(e.getMessage());
                }

                @Override
                public void error(SAXParseException e) {
                    errors.add(e.getMessage());
                }

                @Override
                public void fatalError(SAXParseException e) {
                    errors.add(e.getMessage());
                }
            });
            validator.setDocumentLocator(place);
            validator.startDocument();
            play(root);
            validator.endDocument();
            Object result = objects.getResult();
            return (Sim) (result instanceof JAXBElement<?> element ? element.getValue() : result);
        } catch (SAXException | JAXBException e) {
            throw new IllegalStateException("the validator failed on an element in memory", e);
        }
    }

    /** Keeps values that the schema refused from JAXB, which throws on some of them. */
    private final class UnderstoodAttributes extends XMLFilterImpl {
        @Override
        public void startElement(
                String namespace, String name, String qualified, Attributes attributes)
                throws SAXException {
            AttributesImpl kept = new AttributesImpl(attributes);
            for (int i = kept.getLength() - 1; i >= 0; i--) {
                if (errors.refused(kept.getLocalName(i))) {
                    kept.removeAttribute(i);
                }
            }
            super.startElement(namespace, name, qualified, kept);
        }
    }

    private void play(Element element) throws SAXException {
        String namespace = namespaceOf(element);
        AttributesImpl attributes = new AttributesImpl();
        for (Attribute attribute : element.attributes()) {
            String qualified = attribute.prefix().isEmpty()
                    ? attribute.name()
                    : attribute.prefix() + ":" + attribute.name();
            attributes.addAttribute(
                    attribute.namespace(), attribute.name(), qualified, "CDATA", attribute.value());
        }
        enter(element);
        validator.startElement(namespace, element.name(), element.qualifiedName(), attributes);
        for (Element child : element.children()) {
            play(child);
        }
        enter(element);
        if (!element.text().isBlank()) {
            // Told here, once, and not by every piece of text between children.
            char[] text = element.text().strip().toCharArray();
            validator.characters(text, 0, text.length);
        }
        validator.endElement(namespace, element.name(), element.qualifiedName());
    }

    private void enter(Element element) {
        place.setLineNumber(element.line());
        place.setColumnNumber(element.column());
        errors.at(element);
    }

    private String namespaceOf(Element element) {
        return strippedNamespace && element.namespace().isEmpty()
                ? SimSettings.NAMESPACE
                : element.namespace();
    }
}
