// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest that runs and does not come to its boot stop")
class UnarmedWatchTests {
    @TempDir
    Path directory;

    private ArmingBench bench;

    @BeforeEach
    void open() throws Exception {
        bench = new ArmingBench(directory, SyntheticMonitors.usual());
    }

    @AfterEach
    void close() throws Exception {
        bench.close();
    }

    private void wait(boolean required) {
        bench.start(required);
        bench.expectState(ArmingState.WAITING);
    }

    @Test
    void isPausedInUserModeIfSimIsRequired() {
        wait(true);
        bench.look().look();
        bench.qemu.setPrivilegeLevel(3);
        bench.look();
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.USER_MODE, failure.kind());
        assertEquals(ArmingState.WAITING, failure.reached());
        assertTrue(failure.reason().contains("vCPU 0 was seen in ring 3"), failure.reason());
        assertFalse(failure.guestRuns());
        assertFalse(bench.qemu.running());
    }

    @Test
    void isReportedAndRunsOnIfSimIsNotRequired() {
        wait(false);
        bench.qemu.setPrivilegeLevel(3);
        bench.look();
        assertTrue(bench.expectFailure().guestRuns());
        assertTrue(bench.qemu.running());
        bench.qemu.boot(); // a 64-bit kernel after all
        bench.expect("mapped");
        bench.expect("baseline");
        bench.expect("armed");
    }

    @Test
    void mayUseTheVcpuTimeOfItsLimitAndNoMore() {
        wait(true);
        bench.execute(ArmingBench.BOOT_LIMIT);
        bench.look();
        assertTrue(bench.silent());
        bench.execute(Duration.ofMillis(10));
        bench.look();
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.BOOT_LIMIT, failure.kind());
        assertTrue(failure.reason().contains("120 s of vCPU time (limit 120 s)"), failure.reason());
        assertFalse(bench.qemu.running());
    }

    @Test
    void isCountedFromItsResetOn() {
        wait(true);
        bench.execute(ArmingBench.BOOT_LIMIT);
        bench.qemu.reset();
        bench.expect("reset");
        bench.look(); // of the boot before: does nothing
        bench.execute(ArmingBench.BOOT_LIMIT);
        bench.look();
        assertTrue(bench.silent());
    }

    @Test
    void isNoLongerLookedAtOnceItsKernelCame() {
        wait(true);
        bench.qemu.boot();
        bench.expect("mapped");
        bench.expect("baseline");
        bench.expect("armed");
        bench.qemu.setPrivilegeLevel(3);
        bench.look();
        assertTrue(bench.silent());
    }

    @Test
    void staysPausedAtALateBootStopIfSimIsRequired() {
        wait(true);
        bench.qemu.setPrivilegeLevel(3);
        bench.look();
        bench.expectFailure();
        bench.qemu.boot(); // somebody resumed it
        bench.settle();
        assertFalse(bench.qemu.running());
        assertTrue(bench.silent());
    }

    @Test
    void itsTimeIsReadFromProc() throws Exception {
        long self = ProcessHandle.current().pid();
        assertTrue(VcpuTime.ofProc(self, List.of(self, self)).compareTo(Duration.ZERO) >= 0);
        assertThrows(IOException.class, () -> VcpuTime.ofProc(self, List.of(1L << 40)));
    }
}
