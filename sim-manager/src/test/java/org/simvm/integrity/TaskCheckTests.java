// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.SyntheticGuest;
import org.simvm.events.ExitEvent;
import org.simvm.events.ForkEvent;
import org.simvm.events.GuestText;
import org.simvm.events.Subject;
import org.simvm.events.SyscallEvent;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of tasks")
class TaskCheckTests extends GuestListsFixture {
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
                guest.address("runqueues") + SyntheticGuest.RQ_CURRENT, guest.address("idle_task"));
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
