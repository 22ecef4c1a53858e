// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.schema;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.thaiopensource.util.PropertyMapBuilder;
import com.thaiopensource.validate.ValidateProperty;
import com.thaiopensource.validate.ValidationDriver;
import com.thaiopensource.validate.auto.AutoSchemaReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.Node;
import org.xml.sax.ErrorHandler;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;

@DisplayName("Every sample, held against both schemas")
class SampleTests {

    private static final String NAMESPACE = "https://simvm.org/xmlns/libvirt/domain/1.0";

    /** Attributes that exclude each other: RELAX NG can say that, XSD 1.0 cannot. */
    private static final List<String> BEYOND_XSD = List.of(
            "integrity-interval-and-cron.xml", "unit-with-cron.xml", "unit-without-interval.xml");

    private static Schema xsd;
    private static final FirstError RNG_ERROR = new FirstError();
    private static ValidationDriver rng;

    @BeforeAll
    static void loadSchemas() throws Exception {
        xsd = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
                .newSchema(new StreamSource(resource("sim.xsd")));
        PropertyMapBuilder properties = new PropertyMapBuilder();
        properties.put(ValidateProperty.ERROR_HANDLER, RNG_ERROR);
        rng = new ValidationDriver(properties.toPropertyMap(), new AutoSchemaReader());
        assertTrue(
                rng.loadSchema(new InputSource(resource("sim.rng"))),
                () -> "sim.rng: " + RNG_ERROR.first);
    }

    @ParameterizedTest(name = "valid/{0}")
    @MethodSource("valid")
    @DisplayName("a valid sample pleases both")
    void validPleasesBoth(Path sample) throws Exception {
        String element = simElement(Path.of("valid").resolve(sample));
        assertNull(xsdError(element), "XSD");
        assertNull(rngError(element), "RNG");
    }

    @ParameterizedTest(name = "examples/{0}")
    @MethodSource("examples")
    @DisplayName("an example pleases both")
    void examplePleasesBoth(Path sample) throws Exception {
        String element = simElement(Path.of("examples").resolve(sample));
        assertNull(xsdError(element), "XSD");
        assertNull(rngError(element), "RNG");
    }

    @ParameterizedTest(name = "invalid/structure/{0}")
    @MethodSource("structure")
    @DisplayName("a sample of wrong structure is refused by both")
    void wrongStructureIsRefusedByBoth(Path sample) throws Exception {
        String element = simElement(Path.of("invalid/structure").resolve(sample));
        assertNotNull(xsdError(element), "XSD");
        assertNotNull(rngError(element), "RNG");
    }

    @ParameterizedTest(name = "invalid/uniqueness/{0}")
    @MethodSource("uniqueness")
    @DisplayName("a name given twice is refused by the XSD; RELAX NG has no words for it")
    void doubleNameIsRefusedByXsdAlone(Path sample) throws Exception {
        String element = simElement(Path.of("invalid/uniqueness").resolve(sample));
        String error = xsdError(element);
        assertNotNull(error, "XSD");
        assertTrue(error.contains("cvc-identity-constraint"), error);
        assertNull(rngError(element), "RNG");
    }

    @ParameterizedTest(name = "invalid/meaning/{0}")
    @MethodSource("meaning")
    @DisplayName(
            "a sample without sense is well formed to the XSD: the manager's reader refuses it")
    void nonsensePassesTheXsd(Path sample) throws Exception {
        String element = simElement(Path.of("invalid/meaning").resolve(sample));
        assertNull(xsdError(element), "XSD");
        String rngError = rngError(element);
        if (BEYOND_XSD.contains(sample.toString())) {
            assertNotNull(rngError, "RNG");
        } else {
            assertNull(rngError, "RNG");
        }
    }

    @ParameterizedTest(name = "invalid/{0}")
    @MethodSource("everyInvalid")
    @DisplayName("an invalid sample says what is expected of the reader")
    void invalidSampleSaysWhatIsExpected(Path sample) throws IOException {
        String text = Files.readString(Path.of("invalid").resolve(sample));
        assertTrue(text.matches("(?s).*<!-- expect \\d+:\\d+ .+ -->.*"), text);
    }

    static List<Path> valid() throws IOException {
        return samples("valid");
    }

    static List<Path> examples() throws IOException {
        return samples("examples");
    }

    static List<Path> structure() throws IOException {
        return samples("invalid/structure");
    }

    static List<Path> uniqueness() throws IOException {
        return samples("invalid/uniqueness");
    }

    static List<Path> meaning() throws IOException {
        return samples("invalid/meaning");
    }

    static List<Path> everyInvalid() throws IOException {
        return samples("invalid");
    }

    private static List<Path> samples(String folder) throws IOException {
        Path root = Path.of(folder);
        try (Stream<Path> files = Files.walk(root)) {
            List<Path> samples = files.filter(f -> f.toString().endsWith(".xml"))
                    .map(root::relativize)
                    .sorted()
                    .toList();
            assertFalse(samples.isEmpty(), () -> "no samples in " + folder);
            return samples;
        }
    }

    /** Returns the sim element as a document of its own, in our namespace if it had none. */
    private static String simElement(Path file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(file.toFile());
        Node element = document.getDocumentElement();
        if (element.getLocalName().equals("domain")) {
            element = document.getElementsByTagNameNS(NAMESPACE, "sim").item(0);
        } else if (element.getNamespaceURI() == null) {
            // What virsh metadata takes: libvirt puts it into our namespace.
            return Files.readString(file).replaceFirst("<sim", "<sim xmlns=\"" + NAMESPACE + "\"");
        }
        Transformer copy = TransformerFactory.newInstance().newTransformer();
        copy.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        StringWriter text = new StringWriter();
        copy.transform(new DOMSource(element), new StreamResult(text));
        return text.toString();
    }

    private static String xsdError(String element) throws IOException {
        try {
            xsd.newValidator().validate(new StreamSource(new StringReader(element)));
            return null;
        } catch (SAXException e) {
            return e.getMessage();
        }
    }

    private static String rngError(String element) throws Exception {
        RNG_ERROR.first = null;
        boolean valid = rng.validate(new InputSource(new StringReader(element)));
        return valid ? null : String.valueOf(RNG_ERROR.first);
    }

    private static InputStream resource(String name) {
        return SampleTests.class.getResourceAsStream("/org/simvm/schema/" + name);
    }

    private static final class FirstError implements ErrorHandler {
        private String first;

        @Override
        public void warning(SAXParseException e) {
            error(e);
        }

        @Override
        public void error(SAXParseException e) {
            if (first == null) {
                first = e.getMessage();
            }
        }

        @Override
        public void fatalError(SAXParseException e) {
            error(e);
        }
    }
}
