// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.simvm.qmp.SimViolation;
import org.simvm.region.HookDeclaration;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;
import org.simvm.region.RingReader;

/**
 * Sets a synthetic guest, a model of its QEMU and an arming session up, and notes what the session
 * says.
 */
public final class ArmingBench implements AutoCloseable, ArmingListener {
    /** What a test may do while the guest stands for its baseline. */
    @FunctionalInterface
    public interface AtBaseline {
        void record(ArmedGuest guest) throws Exception;
    }

    public final SyntheticGuest guest;
    public final ModelQemu qemu;
    public final RegionFile region;
    public final RegionPlan plan;
    private final Path socket;
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private volatile AtBaseline atBaseline = armed -> {};
    private volatile ArmedGuest armed;
    private volatile ArmingFailure failure;
    private DomainArming session;

    public ArmingBench(Path directory, List<HookDeclaration> hooks, String... slots)
            throws Exception {
        guest = new SyntheticGuest(directory.resolve("ram"));
        plan = SyntheticMonitors.plan(hooks, slots);
        region = RegionFile.create(directory.resolve("region"), null, plan);
        socket = directory.resolve("qmp.sock");
        qemu = new ModelQemu(socket, guest);
    }

    /** Starts the session; the kernel is resolved by name, not out of memory. */
    public ArmingBench start(boolean required) {
        return start(required, (memory, lstar) -> guest.kernel());
    }

    /** Starts a session for a QEMU that an earlier manager has served. */
    ArmingBench adopt(boolean required, EarlierSession earlier) {
        session = DomainArming.start(
                new ArmingRequest(
                        "synthetic",
                        socket,
                        Duration.ofSeconds(5),
                        region,
                        plan,
                        required,
                        earlier,
                        OutsideMonitors.NONE),
                this,
                (memory, lstar) -> guest.kernel());
        return this;
    }

    ArmingBench start(boolean required, KernelSource kernels) {
        session = DomainArming.start(
                new ArmingRequest(
                        "synthetic", socket, Duration.ofSeconds(5), region, plan, required),
                this,
                kernels);
        return this;
    }

    /** Starts the session, boots the guest and waits until it is armed. */
    public ArmedGuest arm() throws InterruptedException {
        start(false);
        awaitState(ArmingState.WAITING);
        qemu.boot();
        expect("mapped");
        expect("baseline");
        expect("armed");
        return armed;
    }

    public ArmingBench atBaseline(AtBaseline action) {
        atBaseline = action;
        return this;
    }

    /** Waits for the next thing that the session says. */
    public void expect(String what) throws InterruptedException {
        String next = heard.poll(10, TimeUnit.SECONDS);
        if (!what.equals(next)) {
            throw new AssertionError("expected '" + what + "', heard '" + next + "'"
                    + (failure == null ? "" : " " + failure));
        }
    }

    public ArmingFailure expectFailure() throws InterruptedException {
        expect("failed");
        return failure;
    }

    public void awaitState(ArmingState state) throws InterruptedException {
        for (int i = 0; i < 1000 && session.state() != state; i++) {
            Thread.sleep(5);
        }
        if (session.state() != state) {
            throw new AssertionError("expected state " + state + ", is " + session.state());
        }
    }

    public boolean silent() {
        return heard.isEmpty();
    }

    public ArmedGuest armed() {
        return armed;
    }

    @Override
    public void mapped(RingReader ring) {
        heard.add("mapped");
    }

    @Override
    public void recordBaseline(ArmedGuest standing) throws Exception {
        heard.add("baseline");
        atBaseline.record(standing);
    }

    @Override
    public void armed(ArmedGuest running) {
        armed = running;
        heard.add("armed");
    }

    @Override
    public void failed(ArmingFailure why) {
        failure = why;
        heard.add("failed");
    }

    @Override
    public void reset() {
        heard.add("reset");
    }

    @Override
    public void violation(SimViolation violation) {
        heard.add("violation " + violation.sequence());
    }

    @Override
    public void violationsLost(long number) {
        heard.add("lost " + number);
    }

    @Override
    public void doorbell() {
        heard.add("doorbell");
    }

    @Override
    public void gone(String reason) {
        heard.add("gone");
    }

    @Override
    public void close() throws IOException {
        if (session != null) {
            session.close();
        }
        qemu.close();
        region.close();
        guest.close();
    }
}
