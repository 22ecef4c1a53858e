// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.domain.DomainState;
import org.simvm.protocol.DomainSummary;
import org.simvm.protocol.ElementChange;
import org.simvm.protocol.ResumedChecks;
import org.simvm.protocol.SampleAnswers;
import org.simvm.protocol.SuspendedChecks;
import org.simvm.protocol.Verbs;
import org.simvm.protocol.WaitOutcome;

@DisplayName("virt-sim")
@Timeout(120)
class VirtSimTests {
    @TempDir
    Path folder;

    private FakeManager manager;

    @BeforeEach
    void start() throws Exception {
        manager = new FakeManager(folder);
    }

    @AfterEach
    void stop() {
        manager.close();
    }

    private static DomainSummary summary(String name, DomainState state) {
        return new DomainSummary(
                name,
                new UUID(0, name.hashCode()),
                OptionalInt.empty(),
                false,
                state,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    @Nested
    @DisplayName("exit status")
    class Status {
        @Test
        @DisplayName("is 2 and one line for wrong usage")
        void usage() {
            for (String[] wrong : new String[][] {
                {},
                {"nonsense"},
                {"info"},
                {"events", "a", "b"},
                {"status", "a", "--wait", "x"},
                {"apply", "a", "--file", "f", "--required"}
            }) {
                VirtSimRun run = VirtSimRun.of(wrong);
                assertAll(
                        String.join(" ", wrong),
                        () -> assertEquals(2, run.status()),
                        () -> assertEquals("", run.out()),
                        () -> assertTrue(
                                run.err().startsWith("virt-sim: ")
                                        && run.err().lines().count() == 1,
                                run.err()));
            }
        }

        @Test
        @DisplayName("is 1 and one line without control characters when the manager can't do it")
        void failure() {
            assertEquals(
                    new VirtSimRun(
                            1,
                            "",
                            "virt-sim: there is no domain 'x' [31m" + System.lineSeparator()),
                    manager.run("status", "x"));
        }

        @Test
        @DisplayName("is 1 with the next step when no manager runs")
        void noManager() {
            manager.close();
            VirtSimRun run = manager.run("list");
            assertEquals(1, run.status());
            assertTrue(run.err().contains("systemctl start sim-manager"), run.err());
        }

        @Test
        @DisplayName("is 1 with the next step when the manager is of another version")
        void otherVersion() {
            manager.answers(new ResumedChecks(true));
            VirtSimRun run = manager.run("dumpxml", "web");
            assertEquals(1, run.status());
            assertTrue(run.err().contains("not this version of sim-manager"), run.err());
            assertTrue(run.err().contains("systemctl restart sim-manager"), run.err());
        }

        @Test
        @DisplayName("of check is 3 when something was found, to programs too")
        void check() throws Exception {
            manager.answers(SampleAnswers.named("check"));
            assertEquals(3, manager.run("check", "web").status());
            assertEquals(3, manager.run("check", "web", "-o", "json").status());
        }

        @Test
        @DisplayName("of status --wait is 1 if the guest is not armed in time")
        void waiting() throws Exception {
            manager.answers(new WaitOutcome(DomainState.FAILED));
            manager.answers(SampleAnswers.named("status"));
            manager.answers(new WaitOutcome(DomainState.ARMED));
            manager.answers(SampleAnswers.named("status"));
            assertEquals(1, manager.run("status", "web", "--wait", "0.1").status());
            assertEquals("100", manager.asked().get(0).wire().kept().get("milliseconds"));
            assertEquals(0, manager.run("status", "web", "--wait", "0.1").status());
        }
    }

    @Nested
    @DisplayName("shows")
    class Shows {
        @Test
        @DisplayName("domains without SIM only if asked, and no control characters of theirs")
        void list() {
            manager.answers(
                    summary("web", DomainState.ARMED),
                    summary("pla\u001b[1min \u009b31m", DomainState.NONE));
            assertEquals(3, manager.run("list").out().lines().count());
            VirtSimRun all = manager.run("list", "--all");
            assertEquals(4, all.out().lines().count());
            assertFalse(
                    all.out().chars().anyMatch(c -> c != '\n' && Character.isISOControl(c)),
                    "a control character reached the terminal");
            assertEquals(
                    List.of("web", "pla [1min 31m"),
                    manager.run("list", "--all", "--name").out().lines().toList());
        }

        @Test
        @DisplayName("events as the manager formatted them, and passes filters on")
        void events() throws Exception {
            manager.answers(SampleAnswers.named("events"));
            assertEquals(
                    List.of("one", "two \u20ac", "three"),
                    manager.run("events", "web", "-f", "-n", "3", "-t", "exec,fork", "-o", "json")
                            .out()
                            .lines()
                            .toList());
            assertAll(
                    () -> assertEquals("true", manager.argument("follow")),
                    () -> assertEquals("3", manager.argument("limit")),
                    () -> assertEquals("[\"exec\",\"fork\"]", manager.argument("types")),
                    () -> assertEquals("json", manager.argument("output")));
        }

        @Test
        @DisplayName("as much of the audit trail as is asked for")
        void limits() throws Exception {
            manager.answers(SampleAnswers.named("audit"));
            manager.run("audit", "-n", "5");
            assertEquals("5", manager.argument("limit"));
            manager.run("audit");
            assertEquals("100", manager.argument("limit"));
        }
    }

    @Nested
    @DisplayName("changes")
    class Changes {
        @Test
        @DisplayName("the persistent copy unless told otherwise, with an element made of options")
        void apply() {
            manager.answers(new ElementChange(
                    summary("web", DomainState.INACTIVE), ElementChange.Effect.START));
            assertEquals(
                    "Domain 'web' is under SIM when it is started",
                    manager.run("apply", "web", "--required", "--monitor", "a&b")
                            .out()
                            .strip());
            assertEquals(
                    "<sim required='yes'><monitor name='a&amp;b'/></sim>",
                    manager.argument("element"));
            assertEquals("true", manager.argument("persistent"));
            assertEquals("false", manager.argument("live"));
            manager.run("apply", "web", "--live");
            assertEquals(
                    "<sim required='no'><monitor name='syscalls'/><monitor name='process'/></sim>",
                    manager.argument("element"));
            assertEquals("false", manager.argument("persistent"));
            assertEquals("true", manager.argument("live"));
            manager.run("remove", "web", "--live", "--config");
            assertEquals("true", manager.argument("persistent"));
            assertEquals("true", manager.argument("live"));
        }
    }

    @Nested
    @DisplayName("suspends checks")
    class Maintenance {
        @Test
        @DisplayName("for a time in seconds, minutes, hours or days, with a reason")
        void suspend() {
            manager.answers(new SuspendedChecks(Instant.parse("2030-01-01T00:00:00Z")));
            for (String time : List.of("90s", "45m", "2h", "1d")) {
                manager.run("suspend-checks", "web", "--for", time, "--reason", "kernel update");
            }
            assertEquals(
                    List.of("90", "2700", "7200", "86400"),
                    manager.asked().stream()
                            .map(each -> each.wire().kept().get("seconds"))
                            .toList());
            assertEquals("kernel update", manager.argument("reason"));
            assertEquals(Verbs.SUSPEND_CHECKS.name(), manager.asked().get(0).verb());
        }

        @Test
        @DisplayName("only if the time is one, and is given")
        void noTime() {
            assertEquals(2, manager.run("suspend-checks", "web").status());
            VirtSimRun run = manager.run("suspend-checks", "web", "--for", "soon");
            assertEquals(2, run.status());
            assertTrue(run.err().contains("'soon' is no length of time"), run.err());
            assertEquals(List.of(), manager.asked());
        }
    }
}
