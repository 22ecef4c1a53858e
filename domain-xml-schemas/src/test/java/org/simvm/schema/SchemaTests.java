// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.xml.bind.JAXBContext;
import jakarta.xml.bind.JAXBElement;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.catalog.CatalogFeatures;
import javax.xml.catalog.CatalogManager;
import javax.xml.catalog.CatalogResolver;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

@DisplayName("The schemas")
class SchemaTests {

    @ParameterizedTest
    @ValueSource(strings = {"yesNo", "action", "checkName", "violationKind"})
    @DisplayName("list the same words in XSD and RNG")
    void listTheSameWords(String type) throws Exception {
        assertEquals(
                words(
                        "sim.xsd",
                        "//*[local-name()='simpleType'][@name='" + type
                                + "']//*[local-name()='enumeration']/@value"),
                words(
                        "sim.rng",
                        "//*[local-name()='define'][@name='" + type
                                + "']//*[local-name()='value']/text()"));
    }

    @Test
    @DisplayName("let a policy name the finding of every check")
    void everyCheckHasAFinding() {
        List<String> classes =
                Stream.of(FindingClass.values()).map(FindingClass::value).toList();
        for (CheckName check : CheckName.values()) {
            assertTrue(classes.contains(check.value()), check.value());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/sim.xsd", "/sim.rng"})
    @DisplayName("are found by the catalog, without a network")
    void areFoundByTheCatalog(String path) throws Exception {
        URI catalog =
                SchemaTests.class.getResource("/org/simvm/schema/catalog.xml").toURI();
        CatalogResolver resolver =
                CatalogManager.catalogResolver(CatalogFeatures.defaults(), catalog);
        Source found = resolver.resolve("https://simvm.org/xmlns/libvirt/domain/1.0" + path, null);
        Path file = Path.of(URI.create(found.getSystemId()));
        assertTrue(
                Files.readString(file).contains("https://simvm.org/xmlns/libvirt/domain/1.0"),
                file.toString());
        assertEquals(
                path.endsWith("rng") ? "sim.rng" : "sim.xsd", file.getFileName().toString());
    }

    @Test
    @DisplayName("give Java classes that read a document and know its defaults and lines")
    void javaClassesReadADocument() throws Exception {
        JAXBElement<Sim> root = JAXBContext.newInstance(Sim.class)
                .createUnmarshaller()
                .unmarshal(new StreamSource(Path.of("valid/any-order.xml").toFile()), Sim.class);
        Sim sim = root.getValue();
        assertEquals(YesNo.NO, sim.getRequired());
        assertEquals(Gate.AUTO, sim.getGate());
        assertEquals(
                List.of(Policy.class, Monitor.class, Integrity.class, Region.class, Monitor.class),
                sim.getChildren().stream().map(Object::getClass).toList());
        assertEquals(8, ((Monitor) sim.getChildren().get(1)).sourceLocation().getLineNumber());
    }

    @Test
    @DisplayName("give generated sources without a date, so that builds repeat byte for byte")
    void generatedSourcesHaveNoDate() throws Exception {
        Pattern date = Pattern.compile("Generated on|20\\d\\d[.-]\\d\\d[.-]\\d\\d");
        try (Stream<Path> files = Files.walk(Path.of("target/generated-sources"))) {
            List<Path> sources = files.filter(Files::isRegularFile).toList();
            assertFalse(sources.isEmpty());
            for (Path source : sources) {
                assertFalse(date.matcher(Files.readString(source)).find(), source.toString());
            }
        }
    }

    private static List<String> words(String schema, String expression) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        try (InputStream stream =
                SchemaTests.class.getResourceAsStream("/org/simvm/schema/" + schema)) {
            Document document = builder.parse(stream);
            XPath xpath = XPathFactory.newInstance().newXPath();
            NodeList nodes =
                    (NodeList) xpath.evaluate(expression, document, XPathConstants.NODESET);
            List<String> words = new ArrayList<>();
            for (int i = 0; i < nodes.getLength(); i++) {
                words.add(nodes.item(i).getNodeValue());
            }
            assertFalse(words.isEmpty(), expression);
            return words;
        }
    }
}
