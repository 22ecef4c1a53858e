// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
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
abstract class GuestListsFixture extends CheckedGuestFixture {
    static final long NOWHERE = 0xffffc90000001000L;

    long losses;
    final ProcessRecord record = recordOfEmptyRing();

    private ProcessRecord recordOfEmptyRing() {
        ProcessRecord[] self = new ProcessRecord[1];
        self[0] = new ProcessRecord(() -> self[0].idle(), () -> losses);
        return self[0];
    }

    @Override
    List<HookDeclaration> hooks() {
        return List.of(
                SyntheticMonitors.fentry("wake_up_new_task", 1, 0, false),
                SyntheticMonitors.fentry("begin_new_exec", 2, 0, false),
                SyntheticMonitors.fentry("do_exit", 3, 0, false),
                SyntheticMonitors.call("entry_SYSCALL_64_after_hwframe", "do_syscall_64", 4));
    }

    @Override
    Optional<ProcessRecord> processes() {
        return Optional.of(record);
    }

    @Override
    Finding onlyFinding(IntegrityCheck check) {
        Finding finding = super.onlyFinding(check);
        assertTrue(finding.guestControlled());
        return finding;
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
