// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.settings.SimSettingsSamples.NS;
import static org.simvm.settings.SimSettingsSamples.domain;
import static org.simvm.settings.SimSettingsSamples.problems;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
class SimSettingsRefusalTests {
    @Nested
    @DisplayName("refuses")
    class Refuses {

        @ParameterizedTest(name = "{0}")
        @MethodSource("org.simvm.settings.SimSettingsSamples#invalidSamples")
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
}
