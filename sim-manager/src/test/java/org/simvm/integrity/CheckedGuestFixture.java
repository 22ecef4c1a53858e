// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.ArmingBench;
import org.simvm.arming.SyntheticGuest;
import org.simvm.arming.SyntheticMonitors;
import org.simvm.region.HookDeclaration;
import org.simvm.settings.IntegrityCheck;

/** An armed synthetic guest with its checks, whose clock stands but for the pauses they make. */
@Timeout(60)
abstract class CheckedGuestFixture {
    @TempDir
    Path directory;

    /** {@code unknown_calls} in {@code struct sim_ring}. */
    static final int UNKNOWN_CALLS = 256 + 32 * 8 + 8;

    final ManualClock clock = new ManualClock();
    ArmingBench bench;
    SyntheticGuest guest;
    ArmedGuest armed;
    GuestChecks checks;

    @BeforeEach
    final void arm() throws Exception {
        bench = new ArmingBench(directory, hooks());
        bench.atBaseline(standing -> checks = GuestChecks.record(standing, processes(), clock));
        armed = bench.arm();
        guest = bench.guest;
    }

    /** What the guest's monitors hook. */
    List<HookDeclaration> hooks() {
        return SyntheticMonitors.usual();
    }

    /** What the checks know of processes by the guest's events. */
    Optional<ProcessRecord> processes() {
        return Optional.empty();
    }

    @AfterEach
    final void close() throws IOException {
        bench.close();
    }

    final List<Finding> findings(IntegrityCheck check) {
        return checks.check(Set.of(check)).findings();
    }

    Finding onlyFinding(IntegrityCheck check) {
        List<Finding> findings = findings(check);
        assertEquals(1, findings.size(), findings.toString());
        assertEquals(check.findingClass(), findings.get(0).findingClass());
        return findings.get(0);
    }

    /** Passes when somebody pauses. */
    static final class ManualClock implements RoundClock {
        private long now = 1;

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public void pause(Duration time) {
            now += time.toNanos();
        }
    }

    static byte[] long64(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }
}
