// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.SyntheticGuest;
import org.simvm.settings.FindingClass;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of the gates' mapping")
class GateMappingCheckTests extends CheckedGuestFixture {
    @Test
    void findARewrittenEntry() {
        guest.putGateSlot(509, armed.image().gateEntry() | 2);
        List<Finding> findings = findings(IntegrityCheck.GATE_MAPPING);
        assertEquals("page-table entry of the gates", findings.get(0).subject());
        assertEquals("gates, by the kernel's page tables", findings.get(1).subject());
        assertTrue(findings.get(1).found().contains("writable"), findings.get(1).found());
    }

    @Test
    void allowTheBitsThatTheCpuSets() {
        guest.putGateSlot(509, armed.image().gateEntry() | 0x40);
        assertEquals(List.of(), findings(IntegrityCheck.GATE_MAPPING));
    }

    @Test
    void findAProcessWithKernelTablesOfItsOwn() {
        byte[] kernelTable = guest.read(SyntheticGuest.LEVEL3_KERNEL_PGT, 4096);
        guest.write(0x30000, kernelTable);
        guest.write(0x30000 + 509 * 8, new byte[8]);
        guest.write(0x20000 + 511 * 8, long64(0x30000 | 0x67));
        Finding finding = onlyFinding(IntegrityCheck.GATE_MAPPING);
        assertEquals("process 'shell' (pid 100)", finding.subject());
        assertEquals("gates not mapped", finding.found());
        assertTrue(finding.guestControlled());
    }

    @Test
    void findAProcessThatSeesOtherCodeAtAHook() {
        guest.write(0x30000, guest.read(SyntheticGuest.LEVEL3_KERNEL_PGT, 4096));
        guest.write(0x31000, guest.read(0x12000, 4096));
        guest.write(0x31000 + 8 * 8, long64(0x800000 | 0xe1));
        guest.write(0x30000 + 510 * 8, long64(0x31000 | 0x67));
        guest.write(0x22000 + 511 * 8, long64(0x30000 | 0x67));
        Finding finding = onlyFinding(IntegrityCheck.GATE_MAPPING);
        assertEquals("process 'daemon' (pid 200)", finding.subject());
        assertTrue(
                finding.found().startsWith("hook wake_up_new_task+0x4 at gpa 0x800"),
                finding.found());
    }

    @Test
    void findPageTablesInUseThatNoProcessHas() {
        guest.write(0x30000, guest.read(SyntheticGuest.LEVEL3_KERNEL_PGT, 4096));
        guest.write(0x30000 + 509 * 8, new byte[8]);
        guest.write(0x40000, guest.read(SyntheticGuest.CR3, 4096));
        guest.write(0x40000 + 511 * 8, long64(0x30000 | 0x67));
        bench.qemu.vcpu().set(0x40000, armed.lstar(), 0xfffffe0000000000L);
        Finding finding = onlyFinding(IntegrityCheck.GATE_MAPPING);
        assertEquals("page tables in use on vCPU 0", finding.subject());
        assertEquals("gates not mapped", finding.found());
        assertFalse(finding.guestControlled());
    }

    @Test
    void knowTheUserHalfOfPageTableIsolation() {
        guest.write(
                SyntheticGuest.CR3 + 4096 + 511 * 8, long64(0x31000 | 0x67)); // the kernel has one
        guest.write(0x20000 + 4096 + 511 * 8, long64(0x31000 | 0x67));
        bench.qemu.vcpu().set(0x20000 + 4096, armed.lstar(), 0xfffffe0000000000L);
        assertEquals(List.of(), findings(IntegrityCheck.GATE_MAPPING));
    }

    @Test
    void sayThatAListOfProcessesLeadsNowhere() {
        guest.putLong(guest.address("shell_task") + SyntheticGuest.TASKS, 0xdead000000000100L);
        List<Finding> findings = findings(IntegrityCheck.GATE_MAPPING);
        assertEquals(1, findings.size());
        assertEquals(FindingClass.CHECK_INCOMPLETE, findings.get(0).findingClass());
        assertTrue(findings.get(0).guestControlled());
    }

    @Test
    void endWithAListOfProcessesThatDoesNot() {
        long shell = guest.address("shell_task") + SyntheticGuest.TASKS;
        guest.putLong(shell, shell);
        List<Finding> findings = findings(IntegrityCheck.GATE_MAPPING);
        assertEquals(FindingClass.CHECK_INCOMPLETE, findings.get(0).findingClass());
        assertTrue(
                findings.get(0).found().contains("more than 65536 entries"),
                findings.get(0).found());
    }
}
