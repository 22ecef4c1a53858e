// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.libvirt.DomainTransform.Result;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;

@DisplayName("The transform of a domain's XML")
class DomainTransformTests {

    private static final Path LAUNCHER = Path.of("/usr/bin/qemu-system-x86_64-sim");
    private static final Path STOCK = Path.of("/usr/bin/qemu-system-x86_64");
    private static final String SIM = "<metadata><sim:sim "
            + "xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0'/></metadata>";

    private final DomainTransform transform = new DomainTransform(LAUNCHER);

    /** A domain with everything that a careless transform would lose. */
    private static String domain(String metadata, String devices) {
        return "<?xml version='1.0'?>\r\n<!--\nWARNING: <emulator>not me</emulator> "
                + "\u00e4\ud83d\ude00\n-->\n"
                + "<domain   type = \"kvm\" id='7' "
                + "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
                + "\t<name>a&amp;b</name>" + metadata
                + "<description><![CDATA[<emulator>nor me</emulator>]]></description>\n"
                + "  <os><type arch='x86_64' machine='q35'>hvm</type></os>\n" + devices
                + "  <qemu:commandline><qemu:arg "
                + "value='-emulator'/></qemu:commandline>\n</domain>\n\n<!-- "
                + "end -->";
    }

    private static String devices(String emulator) {
        return "  <devices>\n    " + emulator
                + "<!-- c -->\n    <disk type='file'/>\n  </devices>\n";
    }

    private static String emulator(Path path) {
        return "<emulator>" + path + "</emulator>";
    }

    private List<String> problems(String xml) {
        return assertThrows(
                        SettingsException.class,
                        () -> transform.apply(DomainDocument.parse(xml, "a")))
                .problems()
                .stream()
                .map(Problem::what)
                .toList();
    }

    @Nested
    @DisplayName("applied")
    class Applied {

        @Test
        @DisplayName("changes the emulator's text and not one other character")
        void changesTheEmulatorAlone() throws Exception {
            String before = domain(SIM, devices(emulator(STOCK)));
            Result result = transform.apply(DomainDocument.parse(before, "a"));
            assertEquals(domain(SIM, devices(emulator(LAUNCHER))), result.xml());
            assertTrue(result.changed());
            assertEquals(Optional.of(STOCK), result.previousEmulator());
        }

        @Test
        @DisplayName("twice is the same as once")
        void idempotent() throws Exception {
            String once = transform
                    .apply(DomainDocument.parse(domain(SIM, devices(emulator(STOCK))), "a"))
                    .xml();
            Result twice = transform.apply(DomainDocument.parse(once, "a"));
            assertSame(once, twice.xml());
            assertFalse(twice.changed());
            assertEquals(Optional.empty(), twice.previousEmulator());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "<emulator/>",
                    "<emulator ></emulator>",
                    "<emulator>\n /usr/bin/kvm <!-- x --> </emulator>"
                })
        @DisplayName("takes an emulator however it is written")
        void anyEmulatorElement(String element) throws Exception {
            String result = transform
                    .apply(DomainDocument.parse(domain(SIM, devices(element)), "a"))
                    .xml();
            assertTrue(result.contains(">" + LAUNCHER + "</emulator>"), result);
            assertFalse(transform.apply(DomainDocument.parse(result, "a")).changed());
        }

        @Test
        @DisplayName(
                "adds the emulator that is missing, as the first device, indented like the others")
        void addsEmulator() throws Exception {
            Result result = transform.apply(
                    DomainDocument.parse(domain(SIM, "<devices>\n\t<disk/>\n</devices>\n"), "a"));
            assertEquals(
                    domain(SIM, "<devices>\n\t" + emulator(LAUNCHER) + "\n\t<disk/>\n</devices>\n"),
                    result.xml());
            assertEquals(Optional.empty(), result.previousEmulator());
        }

        @Test
        @DisplayName("adds the devices that are missing")
        void addsDevices() throws Exception {
            assertTrue(transform
                    .apply(DomainDocument.parse(domain(SIM, ""), "a"))
                    .xml()
                    .contains("<devices>" + emulator(LAUNCHER) + "</devices>"));
            assertTrue(transform
                    .apply(DomainDocument.parse(domain(SIM, "<devices/>"), "a"))
                    .xml()
                    .contains("<devices>" + emulator(LAUNCHER) + "</devices>"));
        }

        @Test
        @DisplayName("writes a path with markup in it as text")
        void escapes() throws Exception {
            DomainTransform odd = new DomainTransform(Path.of("/opt/a&b<c>"));
            String xml = odd.apply(DomainDocument.parse(domain(SIM, devices(emulator(STOCK))), "a"))
                    .xml();
            assertFalse(odd.apply(DomainDocument.parse(xml, "a")).changed());
        }
    }

    @Nested
    @DisplayName("removed")
    class Removed {

        @Test
        @DisplayName("gives back what was before, byte for byte")
        void givesBack() throws Exception {
            String before = domain("", devices(emulator(STOCK)));
            Result applied = transform.apply(DomainDocument.parse(before, "a"));
            assertEquals(
                    before,
                    transform
                            .remove(
                                    DomainDocument.parse(applied.xml(), "a"),
                                    applied.previousEmulator())
                            .xml());
        }

        @Test
        @DisplayName("gives back a domain that had no emulator, byte for byte")
        void givesBackWithoutEmulator() throws Exception {
            String before = domain("", "<devices>\n\t<disk/>\n</devices>\n");
            Result applied = transform.apply(DomainDocument.parse(before, "a"));
            assertEquals(
                    before,
                    transform
                            .remove(
                                    DomainDocument.parse(applied.xml(), "a"),
                                    applied.previousEmulator())
                            .xml());
        }

        @Test
        @DisplayName("leaves a domain alone that does not start by the launcher")
        void leavesOthersAlone() throws Exception {
            String other = domain("", devices(emulator(STOCK)));
            assertSame(
                    other,
                    transform
                            .remove(
                                    DomainDocument.parse(other, "a"),
                                    Optional.of(Path.of("/usr/bin/kvm")))
                            .xml());
            String none = domain("", "");
            assertSame(
                    none,
                    transform
                            .remove(DomainDocument.parse(none, "a"), Optional.empty())
                            .xml());
        }
    }

    @Nested
    @DisplayName("by the domain's settings")
    class BySettings {

        @Test
        @DisplayName("is applied with a sim element, removed without")
        void followsTheElement() throws Exception {
            assertEquals(
                    domain(SIM, devices(emulator(LAUNCHER))),
                    transform
                            .transform(
                                    DomainDocument.parse(
                                            domain(SIM, devices(emulator(STOCK))), "a"),
                                    Optional.empty())
                            .xml());
            assertEquals(
                    domain("", devices(emulator(STOCK))),
                    transform
                            .transform(
                                    DomainDocument.parse(
                                            domain("", devices(emulator(LAUNCHER))), "a"),
                                    Optional.of(STOCK))
                            .xml());
        }

        @Test
        @DisplayName("is refused with settings that are wrong")
        void refusesWrongSettings() {
            String wrong =
                    domain(SIM.replace("/></m", " gate='fast'/></m"), devices(emulator(STOCK)));
            assertThrows(
                    SettingsException.class,
                    () -> transform.transform(DomainDocument.parse(wrong, "a"), Optional.empty()));
        }
    }

    @Nested
    @DisplayName("refuses")
    class Refuses {

        private String with(String element) {
            return domain(SIM, element + devices(emulator(STOCK)));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "<memoryBacking><access mode='private'/></memoryBacking>",
                    "<memoryBacking><hugepages/></memoryBacking>",
                    "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages>"
                            + "<access mode='private'/></memoryBacking>",
                    "<memoryBacking><source type='file'/></memoryBacking>",
                    "<memoryBacking><source type='memfd'/><access mode='private'/></memoryBacking>",
                    "<memoryBacking><hugepages/></memoryBacking>"
                            + "<cpu><numa><cell id='0' memAccess='shared'/><cell "
                            + "id='1'/></numa></cpu>",
                    "<cpu><numa><cell id='0' memory='1' memAccess='private'/></numa></cpu>",
                    "<memoryBacking><access mode='shared'/></memoryBacking>"
                            + "<cpu><numa><cell id='0' memAccess='private'/></numa></cpu>"
                })
        @DisplayName("guest RAM that cannot be shared")
        void privateMemory(String element) {
            List<String> problems = problems(with(element));
            assertEquals(1, problems.size(), problems::toString);
            assertTrue(problems.get(0).contains("private to QEMU"), problems.get(0));
        }

        @Test
        @DisplayName("memory devices that cannot be shared")
        void privateMemoryDevices() {
            assertEquals(
                    1,
                    problems(domain(
                                    SIM,
                                    "<devices><memory model='dimm' access='private'/></devices>"))
                            .size());
            assertEquals(
                    1,
                    problems(domain(
                                    SIM,
                                    "<devices><memory model='dimm'><source><pagesize "
                                            + "unit='KiB'>2048"
                                            + "</pagesize></source></memory></devices>"))
                            .size());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "<memoryBacking><locked/></memoryBacking>",
                    "<memoryBacking><source type='anonymous'/></memoryBacking>",
                    "<memoryBacking><access mode='shared'/></memoryBacking>",
                    "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
                    "<memoryBacking><source type='file'/><access mode='shared'/></memoryBacking>",
                    "<memoryBacking><hugepages/><access mode='shared'/></memoryBacking>",
                    "<memoryBacking><hugepages/></memoryBacking>"
                            + "<cpu><numa><cell id='0' memAccess='shared'/></numa></cpu>",
                    "<cpu><numa><cell id='0' memory='1'/></numa></cpu>"
                })
        @DisplayName("no guest RAM that is shared, or that the launcher can share")
        void sharedMemory(String element) throws Exception {
            assertTrue(transform.apply(DomainDocument.parse(with(element), "a")).changed());
        }

        @Test
        @DisplayName("what SIM cannot serve, all reasons at once")
        void allReasons() {
            assertEquals(
                    List.of(
                            "SIM cannot serve a domain of type \"lxc\"",
                            "SIM cannot serve a guest of architecture aarch64",
                            "the guest's memory is encrypted by <launchSecurity>, so nothing "
                                    + "on the host can read it",
                            "guest RAM is private to QEMU and <hugepages> keeps the launcher "
                                    + "from sharing it"),
                    problems("<domain type='lxc'><os><type "
                            + "arch='aarch64'>hvm</type></os><launchSecurity "
                            + "type='sev'/>"
                            + "<memoryBacking><hugepages/></memoryBacking></domain>"));
        }

        @Test
        @DisplayName("what is no domain")
        void noDomain() {
            assertEquals(1, problems("<network/>").size());
            assertEquals(1, problems("<domain type='kvm'/>").size());
            assertEquals(1, problems("no XML").size());
        }
    }
}
