// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of the segments and flags of system calls")
class SystemCallSegmentCheckTests extends CheckedGuestFixture {
    private static final long STAR = 0x0023_0010_0000_0000L;
    private static final long FMASK = 0x257fd5;

    @ParameterizedTest
    @CsvSource({
        "0x0023000000000000, 0x257fd5, 0x10, STAR",
        "0x0023001000000000, 0x257fd5, 0x08, SYSENTER_CS"
    })
    void findAnotherSegment(String star, String fmask, String sysenterCs, String register) {
        bench.qemu.vcpu().entries(Long.decode(star), Long.decode(fmask), Long.decode(sysenterCs));
        Finding finding = onlyFinding(IntegrityCheck.ENTRY_REGISTERS);
        assertEquals(register + " of vCPU 0", finding.subject());
        assertEquals(FindingCode.REGISTER_CHANGED, finding.code());
    }

    @Test
    void findAFlagThatSystemCallsNoLongerClear() {
        bench.qemu.vcpu().entries(STAR, FMASK & ~0x100, 0x10);
        Finding finding = onlyFinding(IntegrityCheck.ENTRY_REGISTERS);
        assertEquals("FMASK of vCPU 0", finding.subject());
        assertEquals(FindingCode.PROTECTION_OFF, finding.code());
        assertTrue(finding.found().endsWith("without bits 0x100"), finding.found());
    }

    @Test
    void letTheGuestClearMoreFlags() {
        bench.qemu.vcpu().entries(STAR, FMASK | 0x20000, 0x10);
        assertEquals(List.of(), findings(IntegrityCheck.ENTRY_REGISTERS));
    }
}
