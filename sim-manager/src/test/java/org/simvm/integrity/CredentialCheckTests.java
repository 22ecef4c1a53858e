// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.SyntheticGuest;
import org.simvm.events.ExecEvent;
import org.simvm.events.GuestText;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of credentials")
class CredentialCheckTests extends GuestListsFixture {
    private void become(String name, int uid, long capabilities) {
        for (int i = 0; i < 8; i++) {
            guest.putInt(guest.address(name + "_cred") + 8 + 4L * i, uid);
        }
        guest.putLong(guest.address(name + "_cred") + SyntheticGuest.CAPABILITIES, capabilities);
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
        record.accept(new ExecEvent(head(subject("shell", 1000)), GuestText.EMPTY, List.of(), 0));
        guest.putInt(guest.address("shell_task") + SyntheticGuest.EXEC_ID, 1);
        become("shell", 0, -1L);
        assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
    }

    @Test
    void notBelieveAForgedEventOfAProgram() {
        assertEquals(List.of(), findings(IntegrityCheck.CREDENTIALS));
        record.accept(new ExecEvent(head(subject("shell", 1000)), GuestText.EMPTY, List.of(), 0));
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
        assertTrue(
                onlyFinding(IntegrityCheck.CREDENTIALS).found().contains("no right to a user id"));
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
                guest.address("shell_task") + SyntheticGuest.REAL_CRED, guest.address("init_cred"));
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
