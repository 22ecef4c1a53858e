// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.settings.FindingClass;

@DisplayName("A finding")
class FindingTests {
    private static final Path DOCUMENTATION = Path.of("../docs/findings.md");

    private static Finding finding(String subject, Evidence evidence, boolean guestControlled) {
        return new Finding(
                Instant.EPOCH,
                FindingClass.HOOKS,
                FindingCode.HOOK_OVERWRITTEN,
                subject,
                OptionalLong.of(0xffffffff81000010L),
                OptionalLong.of(0x200010),
                evidence,
                guestControlled);
    }

    @Test
    @DisplayName("has one of the codes that docs/findings.md lists, in the same order")
    void codesAreDocumented() throws Exception {
        List<String> documented = Pattern.compile("^\\| `([a-z-]+)` \\|", Pattern.MULTILINE)
                .matcher(Files.readString(DOCUMENTATION))
                .results()
                .map(row -> row.group(1))
                .toList();
        assertEquals(
                Arrays.stream(FindingCode.values()).map(FindingCode::word).toList(), documented);
    }

    @Test
    @DisplayName("has a class that docs/findings.md names beside a code")
    void classesAreDocumented() throws Exception {
        Set<String> named = new HashSet<>();
        for (MatchResult row : Pattern.compile("^\\| `[a-z-]+` \\|([^|]*)\\|", Pattern.MULTILINE)
                .matcher(Files.readString(DOCUMENTATION))
                .results()
                .toList()) {
            Pattern.compile("`([A-Za-z]+)`")
                    .matcher(row.group(1))
                    .results()
                    .forEach(word -> named.add(word.group(1)));
        }
        assertEquals(
                Set.copyOf(Arrays.stream(FindingClass.values())
                        .map(FindingClass::xmlName)
                        .toList()),
                named);
    }

    @Test
    @DisplayName("is one line, whatever the guest put into it")
    void oneLine() {
        assertEquals(
                "hooks: do_exit end va 0xffffffff81000010 gpa 0x200010: expected hook e8, found"
                        + " 90 (rests on guest data)",
                finding("do_exit\n\u0007end", new Evidence.HookBytes("e8", "90", "0f"), true)
                        .oneLine());
        assertTrue(finding("a", new Evidence.Text("b\nc", "d\re"), false)
                .oneLine()
                .endsWith("expected b c, found d e"));
    }

    @Test
    @DisplayName("is the same thing seen again if code, subject and address agree")
    void identity() {
        Finding seen = finding("a", new Evidence.Bytes("1", "2"), false);
        assertEquals(
                seen.identity(),
                finding("a", new Evidence.Bytes("1", "3"), true).identity());
        assertTrue(!seen.identity()
                .equals(finding("b", new Evidence.Bytes("1", "2"), false).identity()));
    }

    @Test
    @DisplayName("says in words what its facts are")
    void text() {
        Evidence.Address named = new Evidence.Address(0x10, Optional.of("do_exit+0x4/0x10"));
        Evidence.Address nameless = new Evidence.Address(0x20, Optional.empty());
        assertText("do_exit+0x4/0x10 (0x10)", "(0x20)", new Evidence.Addresses(named, nameless));
        assertText(
                "(0x20) attributes 0x8e00",
                "do_exit+0x4/0x10 (0x10) attributes 0xee00",
                new Evidence.TableEntry(
                        nameless,
                        OptionalInt.of(0x8e00),
                        named,
                        OptionalInt.of(0xee00),
                        Optional.empty()));
        assertText(
                "(0x20)",
                "(0x20); this kernel calls by x64_sys_call and reads the table for tracing alone",
                new Evidence.TableEntry(
                        nameless,
                        OptionalInt.empty(),
                        nameless,
                        OptionalInt.empty(),
                        Optional.of("x64_sys_call")));
        assertText("bits 0x30 on", "0x10, without bits 0x20", new Evidence.Bits(0x30, 0x10));
        assertText(
                "mapped to gpa 0x1000", "mapped to gpa 0x2000", new Evidence.Frame(0x1000, 0x2000));
        assertText("sha256 aa", "sha256 bb", new Evidence.Digest("aa", "bb"));
        assertText(
                "executable at gpa 0x5", "not mapped", new Evidence.Mapping(5, Optional.empty()));
        assertText(
                "a function of the kernel or of a listed module",
                "no known code (0x20)",
                new Evidence.Target(nameless));
        assertText(
                "a NOP, or a jump to 0x99",
                "90, before eb",
                new Evidence.PatchedSite(
                        new PatchSite(0, 2, PatchSite.Kind.JUMP_LABEL, 0x99), "90", "eb"));
        assertText(
                "credentials of its own",
                "uid 0, euid 4294967295, gid 1, egid 2, capabilities 0x1ff: why",
                new Evidence.Credentials(
                        Optional.empty(), new Evidence.Ids(0, -1, 1, 2, 0x1ff), "why"));
    }

    private static void assertText(String expected, String found, Evidence evidence) {
        assertEquals(expected, evidence.expected());
        assertEquals(found, evidence.found());
    }
}
