// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simvm.integrity.Evidence;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.policy.Incident;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.FindingClass;
import org.simvm.settings.PolicyAction;

@DisplayName("The text of an incident")
class IncidentTextTests {
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "monitor-lost | a call that the monitors' process did not answer, by vCPU 0",
                "pinned-control | write of 0x10000001f to cr0 by vCPU 0",
                "vmfunc | VMFUNC leaf 1, index 31, in the normal view by vCPU 0",
                "exception | exception 14 of va 0x10 in the normal view by vCPU 0",
                "probe | read of gpa 0x8000000000 in the normal view by vCPU 0",
                "kind-of-the-future | read of gpa 0x8000000000 in the normal view by vCPU 0"
            })
    @DisplayName("of a violation tells what was done")
    void theTextOfAViolationTellsWhatWasDone(String kind, String deed) {
        SimViolation violation = new SimViolation(
                1,
                Instant.EPOCH,
                kind,
                true,
                0,
                "normal",
                "read",
                8,
                0x8000000000L,
                OptionalLong.of(0x10),
                0xffffffff81000000L,
                0x1000,
                0,
                OptionalLong.of(0x1_0000001fL),
                Optional.of("cr0"),
                OptionalInt.of(14),
                Optional.empty());
        assertEquals(
                "violation " + kind + " (guest stopped): " + deed
                        + ", rip 0xffffffff81000000, cr3 0x1000, cpl 0",
                IncidentText.oneLine(new Incident.Broken(violation, PolicyAction.LOG, 0)));
    }

    @Test
    @DisplayName("of a finding is one line, and tells how many like it were held back")
    void finding() {
        Finding finding = new Finding(
                Instant.EPOCH,
                FindingClass.KERNEL_TEXT,
                FindingCode.HOOK_OVERWRITTEN,
                "do_exit+0x10/0x40\n\u001b[2J",
                OptionalLong.of(0xffffffff81000010L),
                OptionalLong.empty(),
                new Evidence.Bytes("a", "b"),
                false);
        assertEquals(
                "kernelText: do_exit+0x10/0x40 [2J va 0xffffffff81000010: expected a, found b"
                        + " (and 90 more like it before)",
                IncidentText.oneLine(new Incident.Found(finding, PolicyAction.ALERT, 90)));
    }
}
