// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Settings as text, read; and the samples that the schemas come with. */
final class SimSettingsSamples {
    static final Path SCHEMAS = Path.of("../domain-xml-schemas");
    static final String NS = "xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0'";

    static SimSettings read(String xml) throws SettingsException {
        return SimSettingsReader.read(DomainDocument.parse(xml, "test.xml")).orElseThrow();
    }

    static List<String> problems(String xml) {
        SettingsException e = assertThrows(
                SettingsException.class,
                () -> SimSettingsReader.read(DomainDocument.parse(xml, "test.xml")));
        return e.problems().stream().map(Problem::toString).toList();
    }

    static String domain(String metadata) {
        return "<domain type='qemu'>\n  <name>web1</name>\n  <metadata>\n" + metadata
                + "\n  </metadata>\n</domain>";
    }

    static List<Path> validSamples() throws IOException {
        List<Path> samples = new ArrayList<>(samples("valid"));
        samples.addAll(samples("examples"));
        return samples;
    }

    static List<Path> invalidSamples() throws IOException {
        return samples("invalid");
    }

    private static List<Path> samples(String folder) throws IOException {
        try (Stream<Path> files = Files.walk(SCHEMAS.resolve(folder))) {
            List<Path> samples =
                    files.filter(f -> f.toString().endsWith(".xml")).sorted().toList();
            assertFalse(samples.isEmpty(), folder);
            return samples;
        }
    }

    private SimSettingsSamples() {}
}
