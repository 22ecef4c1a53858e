// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.simvm.qmp.SimStatus;
import org.simvm.qmp.SimViolation;
import org.simvm.region.HookDeclaration;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;
import org.simvm.region.RingReader;

/**
 * Sets up a synthetic guest, a model of its QEMU and an arming session, and notes what the session
 * says. No thread and no clock runs: {@link #settle} carries out what manager and guest have to do.
 */
public final class ArmingBench implements AutoCloseable, ArmingListener {
    /** What a test may do while the guest stands for its baseline. */
    @FunctionalInterface
    public interface AtBaseline {
        void record(ArmedGuest guest) throws Exception;
    }

    static final Duration BOOT_LIMIT = Duration.ofMinutes(2);

    public final SyntheticGuest guest;
    public final ModelQemu qemu;
    public final RegionFile region;
    public final RegionPlan plan;
    final ManualExecutor worker = new ManualExecutor();
    final ManualExecutor vcpu = new ManualExecutor();
    final List<String> transitions = new ArrayList<>();
    private final Path socket;
    private final Queue<String> heard = new ArrayDeque<>();
    private AtBaseline atBaseline = armed -> {};
    private ArmedGuest armed;
    private Serving serving = () -> {};
    private ArmingFailure failure;
    private DomainArming session;
    private ArmingState last = ArmingState.CONNECTING;
    private final Queue<Runnable> later = new ArrayDeque<>();
    private Duration vcpuTime = Duration.ZERO;
    private long nanos;
    private Set<String> kernels = Set.of();

    public ArmingBench(Path directory, List<HookDeclaration> hooks, String... slots)
            throws Exception {
        guest = new SyntheticGuest(directory.resolve("ram"));
        plan = SyntheticMonitors.plan(hooks, slots);
        region = RegionFile.create(directory.resolve("region"), null, plan);
        socket = directory.resolve("qmp.sock");
        qemu = ModelQemu.connected(guest, vcpu, () -> nanos);
    }

    /** Starts the session; the kernel is resolved by name, not out of memory. */
    public ArmingBench start(boolean required) {
        return start(required, (memory, lstar) -> guest.kernel());
    }

    /** Starts a session for a QEMU that an earlier manager has served. */
    ArmingBench adopt(boolean required, EarlierSession earlier) {
        return start(required, earlier, (memory, lstar) -> guest.kernel());
    }

    ArmingBench start(boolean required, KernelSource kernels) {
        return start(required, EarlierSession.NONE, kernels);
    }

    /** Starts a session that does not reach the model of QEMU. */
    void startWith(DomainArming.Environment.Connector connector) {
        session = DomainArming.start(
                request(true, EarlierSession.NONE),
                this,
                environment(connector, (memory, lstar) -> guest.kernel()));
    }

    private ArmingBench start(boolean required, EarlierSession earlier, KernelSource kernels) {
        session = DomainArming.start(
                request(required, earlier), this, environment(request -> qemu.device(), kernels));
        return this;
    }

    /** Names the build IDs of the kernels that the guest may boot. */
    ArmingBench allow(String... buildIds) {
        kernels = Set.of(buildIds);
        return this;
    }

    /** What the process outside of the guest does instead of serving. */
    @FunctionalInterface
    interface Serving {
        void serve();
    }

    void serveWith(Serving newServing) {
        serving = newServing;
    }

    ArmingRequest request(boolean required, EarlierSession earlier) {
        return new ArmingRequest(
                "synthetic",
                socket,
                Duration.ZERO,
                region,
                plan,
                required,
                kernels,
                BOOT_LIMIT,
                earlier,
                new OutsideMonitors() {
                    @Override
                    public void serve(SimStatus status) {
                        serving.serve();
                    }

                    @Override
                    public void end() {}
                });
    }

    DomainArming.Environment environment(
            DomainArming.Environment.Connector connector, KernelSource kernels) {
        return new DomainArming.Environment(
                connector,
                kernels,
                worker,
                () -> nanos,
                (process, threads) -> vcpuTime,
                (delay, task) -> later.add(task));
    }

    /** Lets manager and guest run until both wait for the test. */
    ArmingBench settle() {
        boolean any = true;
        while (any) { // each may have given the other something to do
            any = worker.runAll();
            any |= vcpu.runAll();
        }
        return this;
    }

    /** Has the session take its next look at a guest that has not come to its boot stop. */
    ArmingBench look() {
        later.remove().run();
        return settle();
    }

    /** The guest's vCPUs run. */
    void execute(Duration time) {
        vcpuTime = vcpuTime.plus(time);
    }

    /** Lets time pass. */
    void advance(Duration time) {
        nanos += time.toNanos();
    }

    /** Starts the session, boots the guest and waits until it is armed. */
    public ArmedGuest arm() {
        start(false);
        return bootAndArm();
    }

    /** Boots the guest and waits until it is armed. */
    ArmedGuest bootAndArm() {
        expectState(ArmingState.WAITING);
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

    /** Checks what the session says next. */
    public void expect(String what) {
        settle();
        String next = heard.poll();
        if (!what.equals(next)) {
            throw new AssertionError("expected '" + what + "', heard '" + next + "'"
                    + (failure == null ? "" : " " + failure));
        }
    }

    public ArmingFailure expectFailure() {
        expect("failed");
        return failure;
    }

    public void expectState(ArmingState state) {
        settle();
        if (session.state() != state) {
            throw new AssertionError("expected state " + state + ", is " + session.state());
        }
    }

    ArmingState state() {
        return session.state();
    }

    /** Returns, once, what the session has said and nobody expected yet. */
    List<String> heard() {
        List<String> all = List.copyOf(heard);
        heard.clear();
        return all;
    }

    public boolean silent() {
        settle();
        return heard.isEmpty();
    }

    public ArmedGuest armed() {
        return armed;
    }

    @Override
    public void stateChanged(ArmingState next) {
        transitions.add(last + " -> " + next);
        last = next;
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
