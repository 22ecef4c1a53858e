// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("virt-sim without a manager")
class OfflineTests {
    @TempDir
    Path folder;

    @Test
    @DisplayName("validates XML and tells every mistake with line and column")
    void validate() throws IOException {
        Path good = Files.writeString(
                folder.resolve("good.xml"), "<sim><monitor name='process'/></sim>");
        assertEquals(
                new VirtSimRun(0, good + " is valid" + System.lineSeparator(), ""),
                VirtSimRun.of("validate", good.toString()));
        Path bad = Files.writeString(
                folder.resolve("bad.xml"), "<sim required='perhaps'>\n <region size='0'/>\n</sim>");
        VirtSimRun outcome = VirtSimRun.of("validate", bad.toString());
        assertEquals(1, outcome.status());
        assertTrue(
                outcome.err().contains("bad.xml:1:") && outcome.err().contains("bad.xml:2:"),
                outcome.err());
        assertEquals(
                1,
                VirtSimRun.of("validate", folder.resolve("none.xml").toString()).status());
    }

    @Test
    @DisplayName("transforms a domain's XML and leaves all else as it was")
    void transform() throws IOException {
        String xml = "<domain type='qemu'>\n  <name>t</name> <!-- kept -->\n  "
                + "<metadata><sim:sim xmlns:sim="
                + "'https://simvm.org/xmlns/libvirt/domain/1.0'/></metadata>\n  "
                + "<memory unit='MiB'>128</memory>\n"
                + "  <os><type arch='x86_64'>hvm</type></os>\n  <devices>\n    "
                + "<emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
                + "  </devices>\n</domain>\n";
        Path file = Files.writeString(folder.resolve("t.xml"), xml);
        VirtSimRun outcome = VirtSimRun.of("transform", file.toString());
        assertEquals(
                new VirtSimRun(
                        0,
                        xml.replace(
                                "/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-system-x86_64-sim"),
                        ""),
                outcome);
    }

    @Test
    @DisplayName("puts an element into a domain that has none, once, and leaves one that has "
            + "its own")
    void elementOfPlatform() throws IOException {
        String sim = "<sim:sim xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0' "
                + "required='yes'><sim:monitor name='process'/></sim:sim>";
        String own = "<sim:sim xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0'/>";
        Path element =
                Files.writeString(folder.resolve("element.xml"), "<!-- ours -->\n" + sim + "\n");
        for (String metadata : List.of(
                "",
                "<metadata/>",
                "<metadata><x:y xmlns:x='urn:x'/></metadata>",
                "<metadata>" + own + "</metadata>")) {
            String xml = "<domain type='kvm'><name>t</name>" + metadata
                    + "<os><type "
                    + "arch='x86_64'>hvm</type></os><devices><emulator>/usr/bin/kvm</emulator>"
                    + "</devices></domain>";
            Path file = Files.writeString(folder.resolve("t.xml"), xml);
            VirtSimRun once =
                    VirtSimRun.of("transform", "--element", element.toString(), file.toString());
            assertEquals(0, once.status(), once.err());
            assertTrue(
                    once.out().contains(metadata.contains(own) ? own : sim)
                            && once.out().contains("qemu-system-x86_64-sim"),
                    once.out());
            assertEquals(metadata.contains("x:y"), once.out().contains("<x:y xmlns:x='urn:x'/>"));
            Files.writeString(file, once.out());
            assertEquals(
                    once.out(),
                    VirtSimRun.of("transform", "--element", element.toString(), file.toString())
                            .out());
        }
        Files.writeString(element, "<sim required='yes'/>");
        VirtSimRun wrong = VirtSimRun.of(
                "transform",
                "--element",
                element.toString(),
                folder.resolve("t.xml").toString());
        assertEquals(1, wrong.status());
        assertTrue(wrong.err().contains("the element has no namespace"), wrong.err());
    }

    @Test
    @DisplayName("writes a bash completion that knows the verbs")
    void completion() {
        VirtSimRun outcome = VirtSimRun.of("generate-completion");
        assertEquals(0, outcome.status());
        assertTrue(outcome.out().contains("host-validate") && outcome.out().contains("violations"));
    }
}
