// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.SyntheticGuest;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of registered functions")
class CallTargetCheckTests extends GuestListsFixture {
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
