// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.arming.ArmingBench;
import org.simvm.arming.SyntheticGuest;
import org.simvm.arming.SyntheticMonitors;
import org.simvm.events.EventHead;
import org.simvm.events.GuestText;
import org.simvm.events.Subject;
import org.simvm.events.SyscallEvent;
import org.simvm.region.HookDeclaration;
import org.simvm.settings.IntegrityCheck;

/**
 * A guest with the hooks of both monitors, armed, whose own lists say what a test makes them say.
 */
abstract class GuestListsFixture {
    static final long NOWHERE = 0xffffc90000001000L;

    @TempDir
    Path directory;

    ArmingBench bench;
    SyntheticGuest guest;
    GuestChecks checks;
    ProcessRecord record;
    long losses;

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

    List<Finding> findings(IntegrityCheck check) {
        return checks.check(Set.of(check)).findings();
    }

    Finding onlyFinding(IntegrityCheck check) {
        List<Finding> findings = findings(check);
        assertEquals(1, findings.size(), findings.toString());
        assertEquals(check.findingClass(), findings.get(0).findingClass());
        assertTrue(findings.get(0).guestControlled());
        return findings.get(0);
    }

    Subject subject(String name, int uid) {
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

    static EventHead head(Subject subject) {
        return new EventHead(0, 1, 1, 0, 1, false, false, subject);
    }

    void calls(String name, int number, int uid) {
        record.accept(new SyscallEvent(
                head(subject(name, uid)),
                SyscallEvent.Door.SYSCALL_64,
                number,
                List.of(0L, 0L, 0L, 0L, 0L, 0L),
                List.of(),
                0));
    }
}
