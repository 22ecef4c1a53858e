// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.qmp.SimViolation;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;
import org.simvm.region.RingReader;

@DisplayName("Arming over QEMU's socket, on threads")
@Timeout(60)
class SocketArmingTests {
    @TempDir
    Path directory;

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final ArmingListener listener = new ArmingListener() {
        @Override
        public void mapped(RingReader ring) {
            heard.add("mapped");
        }

        @Override
        public void recordBaseline(ArmedGuest standing) {
            heard.add("baseline");
        }

        @Override
        public void armed(ArmedGuest guest) {
            heard.add("armed");
        }

        @Override
        public void failed(ArmingFailure failure) {
            heard.add("failed: " + failure);
        }

        @Override
        public void reset() {
            heard.add("reset");
        }

        @Override
        public void violation(SimViolation violation) {
            heard.add("violation");
        }

        @Override
        public void violationsLost(long number) {
            heard.add("lost");
        }

        @Override
        public void doorbell() {
            heard.add("doorbell");
        }

        @Override
        public void gone(String reason) {
            heard.add("gone");
        }
    };

    private void expect(String... expected) throws InterruptedException {
        for (String what : expected) {
            assertEquals(what, heard.take());
        }
    }

    @Test
    void armsEachBootUntilTheSessionIsClosed() throws Exception {
        RegionPlan plan = SyntheticMonitors.plan(SyntheticMonitors.usual());
        Path socket = directory.resolve("qmp.sock");
        ExecutorService vcpu = Executors.newSingleThreadExecutor();
        try (SyntheticGuest guest = new SyntheticGuest(directory.resolve("ram"));
                RegionFile region = RegionFile.create(directory.resolve("region"), null, plan);
                ModelQemu qemu = ModelQemu.listening(guest, vcpu, socket)) {
            qemu.bootUnseen(); // before anybody is connected
            DomainArming.Environment usual = DomainArming.Environment.of("synthetic");
            DomainArming session = DomainArming.start(
                    new ArmingRequest(
                            "synthetic", socket, Duration.ofSeconds(30), region, plan, true),
                    listener,
                    new DomainArming.Environment(
                            usual.connector(),
                            (memory, lstar) -> guest.kernel(),
                            usual.worker(),
                            usual.nanoTime(),
                            (process, threads) -> Duration.ZERO,
                            usual.timer()));
            expect("mapped", "baseline", "armed");
            qemu.reset();
            expect("reset");
            qemu.boot();
            expect("mapped", "baseline", "armed");
            assertTrue(session.query().armedBoots() > 0);
            session.close();
            expect("gone");
            assertEquals(ArmingState.GONE, session.state());
        } finally {
            vcpu.shutdownNow();
        }
    }
}
