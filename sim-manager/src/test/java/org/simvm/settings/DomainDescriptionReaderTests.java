// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The description of a domain")
class DomainDescriptionReaderTests {

    private static DomainDescription read(String xml) throws SettingsException {
        return DomainDescriptionReader.read(DomainDocument.parse(xml, "test.xml"));
    }

    @Test
    @DisplayName("has what the manager needs")
    void everything() throws Exception {
        UUID uuid = UUID.fromString("5d3f2b1e-6c2c-4a77-9a51-2f0c8d3c1e90");
        assertEquals(
                new DomainDescription(
                        Optional.of(uuid),
                        "web1",
                        "qemu",
                        "x86_64",
                        "q35",
                        Optional.of(Path.of("/usr/bin/qemu-system-x86_64-sim")),
                        1L << 30,
                        1L << 30,
                        1L << 30,
                        2),
                read(Files.readString(Path.of("../domain-xml-schemas/examples/domain.xml"))));
    }

    @Test
    @DisplayName("of little is little")
    void little() throws Exception {
        assertEquals(
                new DomainDescription(
                        Optional.empty(),
                        "a",
                        "kvm",
                        "",
                        "",
                        Optional.empty(),
                        1 << 20,
                        1 << 20,
                        1 << 20,
                        1),
                read("<domain type='kvm'><name>a</name><memory>1024</memory></domain>"));
    }

    @Test
    @DisplayName("tells memory now, at boot and after hot-plug apart")
    void memory() throws Exception {
        DomainDescription description = read("<domain type='kvm'><name>a</name>"
                + "<maxMemory slots='4' unit='GiB'>8</maxMemory><memory unit='GiB'>4</memory>"
                + "<currentMemory unit='GiB'>2</currentMemory></domain>");
        assertEquals(
                List.of(2L << 30, 4L << 30, 8L << 30),
                List.of(
                        description.currentMemoryBytes(),
                        description.memoryBytes(),
                        description.maxMemoryBytes()));
    }

    @ParameterizedTest
    @CsvSource({
        "bytes,1",
        "b,1",
        "KB,1000",
        "k,1024",
        "KiB,1024",
        "MB,1000000",
        "M,1048576",
        "MiB,1048576",
        "GB,1000000000",
        "G,1073741824",
        "TiB,1099511627776"
    })
    @DisplayName("knows libvirt's units")
    void units(String unit, long bytes) throws Exception {
        assertEquals(
                3 * bytes,
                read("<domain type='kvm'><name>a</name><memory unit='" + unit
                                + "'> 3 </memory></domain>")
                        .memoryBytes());
    }

    @Test
    @DisplayName("takes a UUID without hyphens, as libvirt does")
    void uuidWithoutHyphens() throws Exception {
        assertEquals(
                Optional.of(UUID.fromString("f0000000-0000-0000-8000-00000000000f")),
                read("<domain><name>a</name><uuid>f000000000000000800000000000000f</uuid>"
                                + "<memory>1</memory></domain>")
                        .uuid());
    }

    @Test
    @DisplayName("of a wrong domain is every mistake, with its place")
    void mistakes() {
        SettingsException e = assertThrows(SettingsException.class, () -> read("""
                        <domain type='kvm'>
                        <uuid>x</uuid>
                        <memory unit='potatoes'>1</memory>
                        <vcpu>0</vcpu>
                        <currentMemory>-1</currentMemory></domain>"""));
        assertEquals(
                List.of(
                        "test.xml:1:1",
                        "test.xml:2:1",
                        "test.xml:3:1",
                        "test.xml:4:1",
                        "test.xml:5:1"),
                e.problems().stream().map(Problem::where).toList());
        assertTrue(e.oneLine().endsWith("(and 4 more)"), e.oneLine());
        assertThrows(SettingsException.class, () -> read("<network/>"));
        assertThrows(
                SettingsException.class,
                () -> read("<domain><name>a</name><memory "
                        + "unit='TiB'>9999999999999999999</memory></domain>"));
    }
}
