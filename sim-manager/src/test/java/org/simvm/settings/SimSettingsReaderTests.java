// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.settings.SimSettingsSamples.NS;
import static org.simvm.settings.SimSettingsSamples.SCHEMAS;
import static org.simvm.settings.SimSettingsSamples.domain;
import static org.simvm.settings.SimSettingsSamples.read;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The reader of SIM settings")
class SimSettingsReaderTests {
    @Nested
    @DisplayName("understands")
    class Understands {

        @Test
        @DisplayName("an empty element: the defaults")
        void defaults() throws Exception {
            assertEquals(
                    new SimSettings(
                            false,
                            Gate.AUTO,
                            OptionalLong.empty(),
                            Set.of(),
                            List.of(),
                            Optional.of(IntegritySettings.DEFAULT),
                            PolicySettings.ALERT_ONLY),
                    read("<sim:sim " + NS + "/>"));
        }

        @Test
        @DisplayName("everything that can be said")
        void everything() throws Exception {
            SimSettings settings = read(Files.readString(SCHEMAS.resolve("valid/everything.xml")));
            assertTrue(settings.required());
            assertEquals(Gate.VMFUNC, settings.gate());
            assertEquals(16 << 20, settings.regionBytesOr(1));
            assertEquals(
                    Set.of("0123456789abcdef0123456789abcdef01234567", "89abcdef01234567"),
                    settings.kernels());
            assertEquals(
                    List.of(
                            new MonitorSettings(
                                    "syscalls",
                                    Optional.empty(),
                                    Map.of("calls", "execve,openat,connect", "paths", "yes")),
                            new MonitorSettings("process", Optional.empty(), Map.of()),
                            new MonitorSettings(
                                    "acme-files",
                                    Optional.of(Path.of("/usr/lib/acme/sim/files.elf")),
                                    Map.of())),
                    settings.monitors());
            assertEquals(
                    List.of("calls", "paths"),
                    List.copyOf(settings.monitors().get(0).parameters().keySet()));
            IntegritySettings integrity = settings.integrity().orElseThrow();
            assertEquals(
                    List.of(CheckGroup.OWN, "often", "hourly"),
                    integrity.groups().stream().map(CheckGroup::name).toList());
            assertEquals(EnumSet.allOf(IntegrityCheck.class), integrity.checks());
            assertEquals(
                    new CheckGroup(
                            "hourly",
                            new Schedule.Cron("0 0 * * * ?"),
                            Duration.ofSeconds(5),
                            Set.of(IntegrityCheck.GATE_MAPPING)),
                    integrity.groups().get(2));
            assertEquals(Duration.ofSeconds(20), integrity.groups().get(0).jitter());
            assertEquals(3, settings.policy().alertsPerMinute());
            assertEquals(PolicyAction.PAUSE, settings.policy().on(ViolationKind.SEALED_WRITE));
            assertEquals(PolicyAction.DESTROY, settings.policy().on(ViolationKind.INTERRUPT_FLAG));
            assertEquals(PolicyAction.LOG, settings.policy().on(FindingClass.EVENTS_LOST));
            assertEquals(
                    ViolationKind.values().length,
                    settings.policy().violations().size());
            assertEquals(
                    FindingClass.values().length, settings.policy().findings().size());
        }

        @Test
        @DisplayName("the element without namespace, as virDomainGetMetadata returns it")
        void strippedNamespace() throws Exception {
            String prefixed = Files.readString(SCHEMAS.resolve("valid/everything.xml"));
            String stripped = prefixed.replaceAll(" xmlns:sim=\"[^\"]*\"", "").replace("sim:", "");
            assertTrue(stripped.contains("<sim required"), stripped);
            assertEquals(read(prefixed), read(stripped));
            assertTrue(read(Files.readString(SCHEMAS.resolve("examples/virsh-metadata.xml")))
                    .required());
        }

        @Test
        @DisplayName("a whole domain")
        void wholeDomain() throws Exception {
            SimSettings settings = read(Files.readString(SCHEMAS.resolve("examples/domain.xml")));
            assertEquals(
                    List.of("syscalls", "process"),
                    settings.monitors().stream().map(MonitorSettings::name).toList());
            assertEquals(PolicyAction.PAUSE, settings.policy().on(FindingClass.HOOKS));
            assertEquals(PolicyAction.ALERT, settings.policy().on(FindingClass.GATES));
        }

        @Test
        @DisplayName("a domain without settings: there are none")
        void domainWithout() throws Exception {
            for (String xml : List.of(
                    "<domain type='qemu'><name>a</name></domain>",
                    domain("<nova:instance "
                            + "xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/>"))) {
                assertEquals(
                        Optional.empty(), SimSettingsReader.read(DomainDocument.parse(xml, "a")));
            }
        }

        private String nova(String... specs) {
            StringBuilder xml = new StringBuilder(
                    "<nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'>"
                            + "<nova:name>web</nova:name><nova:flavor "
                            + "name='m1.watched'><nova:memory>512</nova:memory><nova:extraSpecs>"
                            + "<nova:extraSpec name='hw:cpu_policy'>dedicated</nova:extraSpec>");
            for (int i = 0; i < specs.length; i += 2) {
                xml.append("<nova:extraSpec name='")
                        .append(specs[i])
                        .append("'>")
                        .append(specs[i + 1])
                        .append("</nova:extraSpec>");
            }
            return domain(xml.append("</nova:extraSpecs></nova:flavor></nova:instance>")
                    .toString());
        }

        @Test
        @DisplayName(
                "an OpenStack flavor's extra specs, as nova writes them into a domain's metadata")
        void flavor() throws Exception {
            SimSettings settings = read(nova(
                    "sim:required",
                    "yes",
                    "sim:monitors",
                    "process",
                    "sim:check_interval",
                    "30",
                    "sim:policy",
                    "pause"));
            assertEquals(
                    read("<sim required='yes'><monitor name='process'/><integrity "
                            + "interval='30'/><policy default='pause'/></sim>"),
                    settings);
            assertEquals(
                    read("<sim><monitor name='syscalls'/><monitor name='process'/></sim>"),
                    read(nova("sim:required", "no")));
            assertEquals(
                    Optional.empty(), SimSettingsReader.read(DomainDocument.parse(nova(), "a")));
        }

        @Test
        @DisplayName("an OpenStack flavor that says what is wrong: told as any other mistake is")
        void wrongFlavor() {
            SettingsException unknown =
                    assertThrows(SettingsException.class, () -> read(nova("sim:mode", "enforce")));
            assertTrue(
                    unknown.oneLine().contains("extra spec sim:mode")
                            && unknown.oneLine().contains("sim:required"),
                    unknown.oneLine());
            SettingsException wrong = assertThrows(
                    SettingsException.class,
                    () -> read(nova("sim:required", "&apos;/&gt;&lt;perhaps")));
            assertTrue(
                    wrong.oneLine().startsWith("test.xml:4:")
                            && wrong.oneLine()
                                    .contains("required=\"'/><perhaps\" on <sim> is not one of"),
                    wrong.oneLine());
        }

        @Test
        @DisplayName(
                "required: a guest that cannot be armed is destroyed, unless the policy stops it "
                        + "otherwise")
        void requiredStopsWhatCannotBeArmed() throws Exception {
            assertEquals(
                    PolicyAction.DESTROY,
                    read("<sim required='yes'/>").policy().on(FindingClass.ARMING_FAILED));
            assertEquals(
                    PolicyAction.DESTROY,
                    read("<sim required='yes'><policy default='log'/></sim>")
                            .policy()
                            .on(FindingClass.ARMING_FAILED));
            assertEquals(
                    PolicyAction.PAUSE,
                    read("<sim required='yes'><policy><onFinding class='armingFailed'"
                                    + " action='pause'/></policy></sim>")
                            .policy()
                            .on(FindingClass.ARMING_FAILED));
            assertEquals(
                    PolicyAction.ALERT, read("<sim/>").policy().on(FindingClass.ARMING_FAILED));
        }

        @Test
        @DisplayName("a schedule: interval and unit, cron, or off")
        void schedules() throws Exception {
            assertEquals(
                    new Schedule.Interval(Duration.ofHours(2)),
                    read("<sim><integrity interval='2' " + "unit='h'/></sim>")
                            .integrity()
                            .orElseThrow()
                            .groups()
                            .get(0)
                            .schedule());
            assertEquals(
                    new Schedule.Cron("0 0/10 * * * ?"),
                    read("<sim><integrity cron='0 0/10 * * * " + "?'/></sim>")
                            .integrity()
                            .orElseThrow()
                            .groups()
                            .get(0)
                            .schedule());
            assertEquals(
                    Optional.empty(),
                    read("<sim><integrity enabled='no'/></sim>").integrity());
        }

        @Test
        @DisplayName("jitter: 5 s, or a tenth of a shorter interval, unless said")
        void jitter() throws Exception {
            assertEquals(
                    Duration.ofSeconds(5),
                    read("<sim><integrity interval='600'/></sim>")
                            .integrity()
                            .orElseThrow()
                            .groups()
                            .get(0)
                            .jitter());
            assertEquals(
                    Duration.ofMillis(300),
                    read("<sim><integrity interval='3'/></sim>")
                            .integrity()
                            .orElseThrow()
                            .groups()
                            .get(0)
                            .jitter());
            assertEquals(
                    Duration.ZERO,
                    read("<sim><integrity jitter='0'/></sim>")
                            .integrity()
                            .orElseThrow()
                            .groups()
                            .get(0)
                            .jitter());
        }

        @Test
        @DisplayName("checks by name: these and no others")
        void checks() throws Exception {
            assertEquals(
                    Set.of(IntegrityCheck.HOOKS, IntegrityCheck.GATE_MAPPING),
                    read("<sim><integrity><check name='hooks'/><check "
                                    + "name='gateMapping'/></integrity></sim>")
                            .integrity()
                            .orElseThrow()
                            .checks());
        }

        @Test
        @DisplayName("a group takes its checks out of the element's own; without any left there is "
                + "no own group")
        void groups() throws Exception {
            IntegritySettings integrity =
                    read("<sim><integrity interval='60'><group name='fast' interval='2'>"
                                    + "<check name='hooks'/><check "
                                    + "name='gates'/></group></integrity></sim>")
                            .integrity()
                            .orElseThrow();
            assertEquals(EnumSet.allOf(IntegrityCheck.class), integrity.checks());
            assertEquals(
                    EnumSet.complementOf(EnumSet.of(IntegrityCheck.HOOKS, IntegrityCheck.GATES)),
                    integrity.groups().get(0).checks());
            assertEquals(
                    new Schedule.Interval(Duration.ofSeconds(2)),
                    integrity.groups().get(1).schedule());
            StringBuilder every = new StringBuilder("<sim><integrity><group name='all'>");
            for (IntegrityCheck check : IntegrityCheck.values()) {
                every.append("<check name='").append(check.xmlName()).append("'/>");
            }
            assertEquals(
                    List.of("all"),
                    read(every + "</group></integrity></sim>")
                            .integrity()
                            .orElseThrow()
                            .groups()
                            .stream()
                            .map(CheckGroup::name)
                            .toList());
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("org.simvm.settings.SimSettingsSamples#validSamples")
        @DisplayName("every valid sample and example")
        void validSamples(Path sample) throws Exception {
            assertTrue(
                    SimSettingsReader.read(DomainDocument.parse(Files.readString(sample), "sample"))
                            .isPresent());
        }
    }
}
