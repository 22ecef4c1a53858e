// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.arming.ArmingBench;
import org.simvm.arming.SyntheticGuest;
import org.simvm.arming.SyntheticMonitors;
import org.simvm.events.EventHead;
import org.simvm.events.ExecEvent;
import org.simvm.events.ExitEvent;
import org.simvm.events.ForkEvent;
import org.simvm.events.GuestText;
import org.simvm.events.Subject;
import org.simvm.events.SyscallEvent;
import org.simvm.region.HookDeclaration;
import org.simvm.settings.FindingClass;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The checks of what the guest's own lists say")
@Timeout(60)
class GuestListsTests {
    private static final long NOWHERE = 0xffffc90000001000L;

    @TempDir
    Path directory;

    private ArmingBench bench;
    private SyntheticGuest guest;
    private GuestChecks checks;
    private ProcessRecord record;
    private long losses;

    @BeforeEach
    void arm() throws Exception {
        List<HookDeclaration> hooks = List.of(
                SyntheticMonitors.fentry("wake_up_new_task", 1, 0, false),
                SyntheticMonitors.fentry("begin_new_exec", 2, 0, false),
                SyntheticMonitors.fentry("do_exit", 3, 0, false),
                SyntheticMonitors.call("entry_SYSCALL_64_after_hwframe", "do_syscall_64", 4));
        bench = new ArmingBench(directory, hooks);
        ProcessRecord[] self = new ProcessRecord[1];
        self[0] = new ProcessRecord(
                () -> self[0].idle(), () -> losses); // a ring that is always empty
        record = self[0];
        bench.atBaseline(standing -> checks = GuestChecks.record(
                standing, Optional.of(record), new CheckedGuestFixture.ManualClock()));
        bench.arm();
        guest = bench.guest;
    }

    @AfterEach
    void close() throws IOException {
        bench.close();
    }

    private List<Finding> findings(IntegrityCheck check) {
        return checks.check(Set.of(check)).findings();
    }

    private Finding onlyFinding(IntegrityCheck check) {
        List<Finding> findings = findings(check);
        assertEquals(1, findings.size(), findings.toString());
        assertEquals(check.findingClass(), findings.get(0).findingClass());
        assertTrue(findings.get(0).guestControlled());
        return findings.get(0);
    }

    private Subject subject(String name, int uid) {
        int pid = name.equals("shell") ? 100 : 200;
        return new Subject(
                guest.address(name + "_task"),
                pid,
                pid,
                1,
                uid,
                uid,
                uid,
                uid,
                GuestText.of(name.getBytes(StandardCharsets.US_ASCII)));
    }

    private static EventHead head(Subject subject) {
        return new EventHead(0, 1, 1, 0, 1, false, false, subject);
    }

    private void calls(String name, int number, int uid) {
        record.accept(new SyscallEvent(
                head(subject(name, uid)),
                SyscallEvent.Door.SYSCALL_64,
                number,
                List.of(0L, 0L, 0L, 0L, 0L, 0L),
                List.of(),
                0));
    }

    @Nested
    @DisplayName("of tasks")
    class Tasks {
        private void unlinkShell() {
            guest.putLong(
                    guest.address("init_task") + SyntheticGuest.TASKS,
                    guest.address("daemon_task") + SyntheticGuest.TASKS);
        }

        @Test
        void findNothingInAHealthyGuest() {
            assertEquals(List.of(), findings(IntegrityCheck.TASKS));
        }

        @Test
        void findAProcessThatWasTakenOutOfTheList() {
            unlinkShell();
            Finding finding = onlyFinding(IntegrityCheck.TASKS);
            assertEquals("process 'shell' (pid 100)", finding.subject());
            assertEquals(guest.address("shell_task"), finding.va().getAsLong());
        }

        private void exits(String name) {
            record.accept(new ExitEvent(head(subject(name, 1000)), 0));
        }

        private void forget(String name) {
            long task = guest.address(name + "_task");
            record.forget(task, record.lives().get(task));
        }

        private FindingCode onlyCode() {
            return onlyFinding(IntegrityCheck.TASKS).code();
        }

        @Test
        void letAProcessEndAndForgetItWhenItsOwnStateAgrees() {
            exits("shell");
            assertEquals(List.of(), findings(IntegrityCheck.TASKS), "it is about to");
            assertTrue(record.lives().containsKey(guest.address("shell_task")));
            guest.putInt(guest.address("shell_task") + SyntheticGuest.EXIT_STATE, 0x10);
            unlinkShell();
            assertEquals(List.of(), findings(IntegrityCheck.TASKS));
            assertFalse(record.lives().containsKey(guest.address("shell_task")));
        }

        @Test
        void findAHiddenProcessThoughItsEndWasForged() {
            exits("shell");
            unlinkShell();
            assertEquals(FindingCode.TASK_HIDDEN, onlyCode());
        }

        @Test
        void findAProcessThatEndedAndYetRuns() {
            exits("shell");
            guest.putInt(guest.address("shell_task") + SyntheticGuest.ON_RQ, 1);
            assertEquals(FindingCode.TASK_ENDED_YET_RUNS, onlyCode());
            guest.putInt(guest.address("shell_task") + SyntheticGuest.FLAGS, 4);
            assertEquals(List.of(), findings(IntegrityCheck.TASKS), "it runs do_exit");
            calls("shell", 39, 1000);
            assertEquals(FindingCode.TASK_ENDED_YET_RUNS, onlyCode());
        }

        @Test
        void findAProcessWhoseEndCalledNoMonitor() {
            guest.putInt(guest.address("shell_task") + SyntheticGuest.EXIT_STATE, 0x10);
            unlinkShell();
            assertEquals(FindingCode.TASK_END_UNSEEN, onlyCode());
        }

        @Test
        void findAProcessThatNobodySawBegin() {
            forget("shell");
            Finding finding = onlyFinding(IntegrityCheck.TASKS);
            assertEquals(FindingCode.TASK_NEVER_BEGAN, finding.code());
            assertEquals("in the guest's list, though never seen to begin", finding.found());
            record.accept(new ForkEvent(head(subject("daemon", 0)), subject("shell", 1000)));
            assertEquals(List.of(), findings(IntegrityCheck.TASKS));
        }

        @Test
        void findAnotherProcessInTheMemoryOfOneThatIsKnown() {
            guest.putInt(guest.address("shell_task") + SyntheticGuest.PID, 300);
            guest.putInt(guest.address("shell_task") + SyntheticGuest.TGID, 300);
            assertEquals(FindingCode.TASK_NEVER_BEGAN, onlyCode());
        }

        @Test
        void leaveOutATaskThatIsEnding() {
            forget("shell");
            guest.putInt(guest.address("shell_task") + SyntheticGuest.FLAGS, 4);
            assertEquals(List.of(), findings(IntegrityCheck.TASKS));
        }

        @Test
        void findATaskThatMakesAnEventAndIsInNoList() {
            Subject unlisted = new Subject(
                    guest.address("unlisted_task"), 300, 300, 1, 0, 0, 0, 0, GuestText.EMPTY);
            record.accept(new SyscallEvent(
                    head(unlisted),
                    SyscallEvent.Door.SYSCALL_64,
                    39,
                    List.of(0L, 0L, 0L, 0L, 0L, 0L),
                    List.of(),
                    0));
            assertEquals(FindingCode.TASK_RUNS_UNSEEN, onlyCode());
        }

        @Test
        void findATaskThatACpuRunsOrThatWaitsToRunAndIsInNoList() {
            long task = guest.address("unlisted_task");
            guest.putInt(task + SyntheticGuest.PID, 300);
            guest.putInt(task + SyntheticGuest.TGID, 300);
            guest.putLong(guest.address("runqueues") + SyntheticGuest.RQ_CURRENT, task);
            assertEquals(FindingCode.TASK_RUNS_UNSEEN, onlyCode());
            guest.putLong(
                    guest.address("runqueues") + SyntheticGuest.RQ_CURRENT,
                    guest.address("idle_task"));
            assertEquals(List.of(), findings(IntegrityCheck.TASKS));
            long queue = guest.address("runqueues") + SyntheticGuest.RQ_FAIR;
            guest.putLong(queue, task + SyntheticGuest.GROUP_NODE);
            guest.putLong(task + SyntheticGuest.GROUP_NODE, queue);
            assertEquals(FindingCode.TASK_RUNS_UNSEEN, onlyCode());
        }

        @Test
        void knowWhatWasKnownBeforeEventsWereLost() {
            unlinkShell();
            losses = 3;
            assertEquals(FindingCode.TASK_HIDDEN, onlyCode());
            assertEquals(FindingCode.TASK_HIDDEN, onlyCode(), "in the next round, too");
        }

        @Test
        void takeInWhatBeganAndForgetWhatEndedWhileEventsWereLost() {
            forget("daemon");
            guest.putInt(guest.address("shell_task") + SyntheticGuest.EXIT_STATE, 0x10);
            unlinkShell();
            losses = 3;
            CheckReport report = checks.check(Set.of(IntegrityCheck.TASKS));
            assertEquals(List.of(), report.findings());
            assertTrue(report.results()
                    .get(0)
                    .information()
                    .get(0)
                    .text()
                    .startsWith("events were lost: 1 tasks"));
            assertEquals(List.of(), findings(IntegrityCheck.TASKS));
        }
    }

    @Nested
    @DisplayName("of credentials")
    class CredentialsOf {
        private void become(String name, int uid, long capabilities) {
            for (int i = 0; i < 8; i++) {
                guest.putInt(guest.address(name + "_cred") + 8 + 4 * i, uid);
            }
            guest.putLong(
                    guest.address(name + "_cred") + SyntheticGuest.CAPABILITIES, capabilities);
        }

        @Test
        void findAnOrdinaryProcessThatBecameRoot() {
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            become("shell", 0, -1L);
            Finding finding = onlyFinding(IntegrityCheck.CREDENTIALS);
            assertEquals("process 'shell' (pid 100)", finding.subject());
            assertTrue(finding.expected().startsWith("uid 1000, euid 1000"), finding.expected());
            assertTrue(
                    finding.found()
                            .endsWith("it had no right to a user id and a group id and a "
                                    + "capability and started"
                                    + " no program"),
                    finding.found());
        }

        @Test
        void letAProgramHaveRightsOfItsOwn() {
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            record.accept(
                    new ExecEvent(head(subject("shell", 1000)), GuestText.EMPTY, List.of(), 0));
            guest.putInt(guest.address("shell_task") + SyntheticGuest.EXEC_ID, 1);
            become("shell", 0, -1L);
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
        }

        @Test
        void notBelieveAForgedEventOfAProgram() {
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            record.accept(
                    new ExecEvent(head(subject("shell", 1000)), GuestText.EMPTY, List.of(), 0));
            become("shell", 0, -1L);
            assertEquals(
                    FindingCode.CREDENTIALS_GAINED,
                    onlyFinding(IntegrityCheck.CREDENTIALS).code());
        }

        @Test
        void letARootProcessDropItsRightsByACallButNotWithout() {
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            calls("daemon", 105, 0); // setuid
            become("daemon", 33, 0);
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            become("daemon", 34, 0);
            assertTrue(onlyFinding(IntegrityCheck.CREDENTIALS)
                    .found()
                    .contains("no right to a user id"));
        }

        @Test
        void findAPrivilegedProcessThatChangedWithoutACall() {
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            become("daemon", 33, 0);
            assertTrue(onlyFinding(IntegrityCheck.CREDENTIALS)
                    .found()
                    .endsWith("it made no call that changes credentials"));
        }

        @Test
        void findTheKernelsOwnCredentialsInAProcess() {
            guest.putLong(
                    guest.address("shell_task") + SyntheticGuest.REAL_CRED,
                    guest.address("init_cred"));
            assertTrue(onlyFinding(IntegrityCheck.CREDENTIALS)
                    .found()
                    .endsWith("they are the kernel's own"));
        }

        @Test
        void findARiseBetweenTwoEventsThoughAProgramFollows() {
            assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
            calls("shell", 39, 1000); // getpid
            calls("shell", 39, 0);
            record.accept(new ExecEvent(head(subject("shell", 0)), GuestText.EMPTY, List.of(), 0));
            become("shell", 0, -1L);
            assertTrue(onlyFinding(IntegrityCheck.CREDENTIALS)
                    .found()
                    .contains("it rose from uid 1000, euid 1000 to uid 0"));
        }
    }

    @Nested
    @DisplayName("of modules")
    class Modules {
        @Test
        void findChangedTextOfAModuleOnceItWasSeen() {
            assertEquals(List.of(), findings(IntegrityCheck.MODULE_TEXT));
            guest.writeVirtual(SyntheticGuest.MODULE_TEXT + 0x123, new byte[] {1, 2, 3});
            assertEquals("module module_a+0x123", onlyModuleFinding().subject());
        }

        private Finding onlyModuleFinding() {
            List<Finding> findings = findings(IntegrityCheck.MODULE_TEXT);
            assertEquals(1, findings.size(), findings.toString());
            return findings.get(0);
        }

        @Test
        void waitUntilAModuleIsLive() {
            guest.putInt(guest.address("module_a"), 1);
            assertEquals(List.of(), findings(IntegrityCheck.MODULE_TEXT));
            guest.writeVirtual(SyntheticGuest.MODULE_TEXT, new byte[] {1, 2, 3});
            guest.putInt(guest.address("module_a"), 0);
            CheckReport report = checks.check(Set.of(IntegrityCheck.MODULE_TEXT));
            assertEquals(List.of(), report.findings());
            assertEquals(
                    "module module_a",
                    report.results().get(0).information().get(0).subject());
        }

        @Test
        void takeAModuleThatWasLoadedAgainAtTheSamePlaceForANewOne() {
            assertEquals(List.of(), findings(IntegrityCheck.MODULE_TEXT));
            guest.loads(2);
            guest.writeVirtual(SyntheticGuest.MODULE_TEXT + 0x123, new byte[] {1, 2, 3});
            CheckReport report = checks.check(Set.of(IntegrityCheck.MODULE_TEXT));
            assertEquals(List.of(), report.findings());
            assertEquals(
                    "module module_a",
                    report.results().get(0).information().get(0).subject());
            guest.writeVirtual(SyntheticGuest.MODULE_TEXT + 0x456, new byte[] {4, 5, 6});
            assertEquals("module module_a+0x456", onlyModuleFinding().subject());
        }

        @Test
        void sayThatAListDoesNotEnd() {
            guest.putLong(guest.address("module_a") + 8, guest.address("module_a") + 8);
            assertEquals(FindingClass.CHECK_INCOMPLETE, onlyModuleFinding().findingClass());
        }
    }

    @Nested
    @DisplayName("of registered functions")
    class Targets {
        @Test
        void findNothingInAHealthyGuest() {
            assertEquals(List.of(), findings(IntegrityCheck.CALL_TARGETS));
        }

        @Test
        void findANetworkFilterOutsideOfAllCode() {
            guest.putLong(guest.address("init_net") + 64 + 8, guest.address("filters"));
            guest.writeVirtual(guest.address("filters"), new byte[] {2, 0});
            guest.putLong(guest.address("filters") + 8, guest.address("plain_function"));
            guest.putLong(guest.address("filters") + 24, NOWHERE);
            Finding finding = onlyFinding(IntegrityCheck.CALL_TARGETS);
            assertEquals("ipv4 filter at point 1", finding.subject());
            assertEquals("no known code (0xffffc90000001000)", finding.found());
            guest.putLong(guest.address("filters") + 24, SyntheticGuest.MODULE_TEXT + 0x10);
            assertEquals(List.of(), findings(IntegrityCheck.CALL_TARGETS), "a module's");
        }

        @Test
        void findASecurityHookInTheMiddleOfAFunction() {
            guest.putLong(guest.address("security_hook") + 16, guest.address("plain_function") + 4);
            Finding finding = onlyFinding(IntegrityCheck.CALL_TARGETS);
            assertEquals("security hook 0", finding.subject());
            assertTrue(finding.found().startsWith("plain_function+0x4/0x100 "), finding.found());
        }

        @Test
        void findATracerAndAKprobeOfNoKnownModule() {
            guest.putLong(guest.address("ftrace_ops_list"), guest.address("tracer"));
            guest.putLong(guest.address("tracer"), NOWHERE);
            guest.putLong(guest.address("tracer") + 8, guest.address("ftrace_list_end"));
            guest.putLong(guest.address("kprobe_table"), guest.address("kprobe"));
            guest.putLong(guest.address("kprobe") + 16, guest.address("plain_function"));
            guest.putLong(guest.address("kprobe") + 24, NOWHERE);
            assertEquals(
                    List.of("tracer of ftrace", "kprobe at plain_function+0x0/0x100"),
                    findings(IntegrityCheck.CALL_TARGETS).stream()
                            .map(Finding::subject)
                            .toList());
        }
    }
}
