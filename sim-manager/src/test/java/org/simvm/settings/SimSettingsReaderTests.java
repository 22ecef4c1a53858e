// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The reader of SIM settings")
class SimSettingsReaderTests {

    private static final Path SCHEMAS = Path.of("../domain-xml-schemas");
    private static final String NS = "xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0'";

    private static SimSettings read(String xml) throws SettingsException {
        return SimSettingsReader.read(DomainDocument.parse(xml, "test.xml")).orElseThrow();
    }

    private static List<String> problems(String xml) {
        SettingsException e = assertThrows(
                SettingsException.class,
                () -> SimSettingsReader.read(DomainDocument.parse(xml, "test.xml")));
        return e.problems().stream().map(Problem::toString).toList();
    }

    private static String domain(String metadata) {
        return "<domain type='qemu'>\n  <name>web1</name>\n  <metadata>\n" + metadata
                + "\n  </metadata>\n</domain>";
    }

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
        @MethodSource("org.simvm.settings.SimSettingsReaderTests#validSamples")
        @DisplayName("every valid sample and example")
        void validSamples(Path sample) throws Exception {
            assertTrue(
                    SimSettingsReader.read(DomainDocument.parse(Files.readString(sample), "sample"))
                            .isPresent());
        }
    }

    @Nested
    @DisplayName("refuses")
    class Refuses {

        @ParameterizedTest(name = "{0}")
        @MethodSource("org.simvm.settings.SimSettingsReaderTests#invalidSamples")
        @DisplayName("every invalid sample, with the words and at the place that the sample "
                + "expects, and "
                + "no others")
        void invalidSamples(Path sample) throws Exception {
            String text = Files.readString(sample);
            List<String> expected = new ArrayList<>();
            Matcher matcher = Pattern.compile("<!-- expect (.+) -->").matcher(text);
            while (matcher.find()) {
                expected.add("test.xml:" + matcher.group(1).replaceFirst(" ", ": "));
            }
            List<String> found = problems(text);
            assertEquals(expected.size(), found.size(), () -> String.join("\n", found));
            for (int i = 0; i < expected.size(); i++) {
                String line = found.get(i);
                assertTrue(
                        line.startsWith(expected.get(i)),
                        () -> "found " + line + "\nnot " + expected);
                assertFalse(line.contains("cvc-"), line);
                assertTrue(line.matches(".+; .+"), () -> "no next step: " + line);
            }
        }

        @Test
        @DisplayName("what libvirt would drop silently: a second element, one without namespace")
        void whatLibvirtDrops() {
            assertEquals(
                    List.of("test.xml:5:1: a second <sim:sim>, which libvirt would drop "
                            + "silently; "
                            + "merge it into the one in line 4"),
                    problems(domain("<sim:sim " + NS + "/>\n<sim:sim " + NS + "/>")));
            assertEquals(
                    List.of(
                            "test.xml:4:1: <sim> has no namespace, so libvirt would drop it silently; "
                                    + "write <sim:sim "
                                    + "xmlns:sim=\"https://simvm.org/xmlns/libvirt/domain/1.0\">"),
                    problems(domain("<sim required='yes'/>")));
        }

        @Test
        @DisplayName("a child without the prefix of its parent")
        void childWithoutPrefix() {
            List<String> found =
                    problems("<sim:sim " + NS + ">\n <monitor name='process'/>\n</sim:sim>");
            assertEquals(
                    List.of("test.xml:2:2: unknown element <monitor> in <sim>: it has no "
                            + "namespace; "
                            + "give it the prefix of the elements around it"),
                    found);
        }

        @Test
        @DisplayName("a namespace of another version")
        void otherVersion() {
            assertEquals(
                    List.of("test.xml:4:1: unknown namespace "
                            + "https://simvm.org/xmlns/libvirt/domain/2.0; "
                            + "this version knows https://simvm.org/xmlns/libvirt/domain/1.0"),
                    problems(domain(
                            "<sim:sim xmlns:sim='https://simvm.org/xmlns/libvirt/domain/2.0'/>")));
        }

        @Test
        @DisplayName("something that is no domain")
        void somethingElse() {
            assertEquals(
                    List.of("test.xml:1:1: <network> is neither a domain nor a sim element; "
                            + "give a domain's XML, or the <sim:sim> element by itself"),
                    problems("<network/>"));
        }

        @Test
        @DisplayName("text that is not XML, by line and column")
        void notXml() {
            List<String> found = problems("<sim>\n  <monitor name='process'>\n</sim>");
            assertEquals(1, found.size());
            assertTrue(found.get(0).startsWith("test.xml:3:"), found.get(0));
            assertTrue(found.get(0).contains("not well-formed XML"), found.get(0));
            assertEquals(1, problems("").size());
        }

        @Test
        @DisplayName("a mistake in a domain by line and column of the domain")
        void placeInTheDomain() {
            String found = problems(domain("<!-- a\ncomment --><sim:sim gate='fast' " + NS + "/>"))
                    .get(0);
            assertTrue(found.startsWith("test.xml:5:12: gate"), found);
        }

        @Test
        @DisplayName("terminal escapes: quoted values reach a terminal without control characters")
        void controlCharacters() {
            String found = problems("<sim gate='a&#10;b&#x9;c'/>").get(0);
            assertFalse(found.chars().anyMatch(Character::isISOControl), found);
        }

        @ParameterizedTest
        @ValueSource(strings = {"de", "ja", "tr"})
        @DisplayName("in the same words whatever the locale")
        void sameWordsInEveryLocale(String language) {
            Locale before = Locale.getDefault();
            Locale.setDefault(Locale.forLanguageTag(language));
            try {
                assertEquals(
                        List.of(
                                "test.xml:1:1: gate=\"fast\" on <sim> is not one of auto, vmfunc, "
                                        + "hypercall, exit; "
                                        + "use one of these",
                                "test.xml:1:18: <monitor> lacks the attribute name; add "
                                        + "name=\"...\""),
                        problems("<sim gate='fast'><monitor/></sim>"));
            } finally {
                Locale.setDefault(before);
            }
        }
    }

    @Nested
    @DisplayName("is safe against")
    class IsSafeAgainst {

        @Test
        @DisplayName("external entities")
        void externalEntities() {
            assertEquals(
                    List.of("test.xml:1:1: a document type is not allowed; remove the DOCTYPE "
                            + "and write "
                            + "entities out"),
                    problems("<!DOCTYPE sim [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><sim "
                            + "gate='&x;'/>"));
        }

        @Test
        @DisplayName("a document type of another host")
        void externalDocumentType() {
            assertTrue(problems("<!DOCTYPE sim SYSTEM 'http://192.0.2.1/x.dtd'><sim/>")
                    .get(0)
                    .contains("a document type is not allowed"));
        }

        @Test
        @DisplayName("entities that grow")
        void billionLaughs() {
            assertEquals(
                    1,
                    problems("<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b "
                                    + "'&a;&a;&a;&a;'>]><sim>&b;</sim>")
                            .size());
            assertEquals(1, problems("<sim>&b;</sim>").size());
        }

        @Test
        @DisplayName("depth and length without end")
        void depthAndLength() {
            assertEquals(1, problems("<a>".repeat(100_000)).size());
            assertEquals(
                    1,
                    problems("<sim>" + " ".repeat(DomainDocument.MAXIMUM_LENGTH) + "</sim>")
                            .size());
        }
    }

    @Nested
    @DisplayName("and the schema")
    class AndTheSchema {

        @Test
        @DisplayName("know the same words")
        void sameWords() {
            assertEquals(
                    words(org.simvm.schema.Gate.values(), org.simvm.schema.Gate::value),
                    words(Gate.values(), Gate::xmlName));
            assertEquals(
                    words(org.simvm.schema.Action.values(), org.simvm.schema.Action::value),
                    words(PolicyAction.values(), PolicyAction::xmlName));
            assertEquals(
                    words(org.simvm.schema.CheckName.values(), org.simvm.schema.CheckName::value),
                    words(IntegrityCheck.values(), IntegrityCheck::xmlName));
            assertEquals(
                    words(
                            org.simvm.schema.ViolationKind.values(),
                            org.simvm.schema.ViolationKind::value),
                    words(ViolationKind.values(), ViolationKind::xmlName));
            assertEquals(
                    words(
                            org.simvm.schema.FindingClass.values(),
                            org.simvm.schema.FindingClass::value),
                    words(FindingClass.values(), FindingClass::xmlName));
        }

        private static <E> List<String> words(E[] constants, Function<E, String> word) {
            return Stream.of(constants).map(word).toList();
        }
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
}
