// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.SyntheticGuest;
import org.simvm.settings.FindingClass;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of modules")
class ModuleCheckTests extends GuestListsFixture {
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
                "module module_a", report.results().get(0).information().get(0).subject());
    }

    @Test
    void takeAModuleThatWasLoadedAgainAtTheSamePlaceForANewOne() {
        assertEquals(List.of(), findings(IntegrityCheck.MODULE_TEXT));
        guest.loads(2);
        guest.writeVirtual(SyntheticGuest.MODULE_TEXT + 0x123, new byte[] {1, 2, 3});
        CheckReport report = checks.check(Set.of(IntegrityCheck.MODULE_TEXT));
        assertEquals(List.of(), report.findings());
        assertEquals(
                "module module_a", report.results().get(0).information().get(0).subject());
        guest.writeVirtual(SyntheticGuest.MODULE_TEXT + 0x456, new byte[] {4, 5, 6});
        assertEquals("module module_a+0x456", onlyModuleFinding().subject());
    }

    @Test
    void sayThatAListDoesNotEnd() {
        guest.putLong(guest.address("module_a") + 8, guest.address("module_a") + 8);
        assertEquals(FindingClass.CHECK_INCOMPLETE, onlyModuleFinding().findingClass());
    }
}
