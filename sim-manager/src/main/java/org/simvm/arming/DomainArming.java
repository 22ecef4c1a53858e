// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.simvm.exitgate.MonitorProcessException;
import org.simvm.guest.kernel.KernelResolver;
import org.simvm.qmp.DeviceState;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.simvm.qmp.SimEvent;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionException;
import org.simvm.region.SimAbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Arms one domain's guest at each of its boots, from when its QEMU starts until it ends.
 *
 * <p>{@link #start} returns at once; everything happens on threads of the session: events come in
 * on the connection's, and all steps run on one worker. Each boot has a number; a step that belongs
 * to an earlier boot does nothing, and one that is under way when the machine is reset ends at the
 * next thing that it wants of QEMU.
 */
public final class DomainArming implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DomainArming.class);

    private final ArmingRequest request;
    private final ArmingListener listener;
    private final KernelSource kernels;
    private final ExecutorService worker;
    private final AtomicInteger boot = new AtomicInteger();
    private final GuestRam ram = new GuestRam();
    private final ViolationFeed violations;
    private final GuestRun run;

    private volatile ArmingState state = ArmingState.CONNECTING;
    private volatile SimDevice device;
    private volatile boolean over;
    /** It is we who hang up, not QEMU: the guest may well run on. */
    private volatile boolean closing;

    // the worker's own
    private BootArming arming;
    private boolean regionUsed;
    private int attempted;

    private DomainArming(ArmingRequest request, ArmingListener listener, KernelSource kernels) {
        this.request = request;
        this.listener = listener;
        this.kernels = kernels;
        this.violations = new ViolationFeed(
                request.domain(),
                request.earlier().violations(),
                listener::violation,
                listener::violationsLost);
        this.run = new GuestRun(request.domain());
        this.worker = Executors.newSingleThreadExecutor(body -> {
            Thread thread = new Thread(body, "arming " + request.domain());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Has the code that guests wait for compiled, on a thread of its own, for about a second; meant
     * for when the manager starts. Without it the first guest waits some 200 ms longer.
     */
    public static void warmUp() {
        Thread thread = new Thread(
                () -> {
                    try {
                        KernelResolver.warmUp();
                    } catch (IOException e) {
                        log.warn(
                                "the first guest to be armed will wait a little longer: {}",
                                e.toString());
                    }
                },
                "arming warm-up");
        thread.setDaemon(true);
        thread.start();
    }

    /** Starts to wait for the domain's QEMU, and then to arm each boot. */
    public static DomainArming start(ArmingRequest request, ArmingListener listener) {
        return start(request, listener, KernelResolver::resolve);
    }

    static DomainArming start(
            ArmingRequest request, ArmingListener listener, KernelSource kernels) {
        DomainArming session = new DomainArming(request, listener, kernels);
        session.worker.execute(session::connect);
        return session;
    }

    /** Returns how far the present boot has come. */
    public ArmingState state() {
        return state;
    }

    /**
     * Asks the device for its state and counters.
     *
     * @throws QmpException if QEMU is not there, or does not answer
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    public SimStatus query() throws QmpException, InterruptedException {
        return connected().query();
    }

    /**
     * Suspends the guest. It then shows as paused to libvirt too.
     *
     * @throws QmpException if QEMU is not there, or does not answer
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    public void pause() throws QmpException, InterruptedException {
        connected().pause();
    }

    private SimDevice connected() throws QmpException {
        SimDevice there = device;
        if (there == null) {
            throw QmpException.notConnected(request.qmpSocket().toString());
        }
        return there;
    }

    /** Ends the session; the guest is left as it is. {@link ArmingListener#gone} follows. */
    @Override
    public void close() {
        closing = true;
        SimDevice there = device;
        if (there != null) {
            there.close(); // its last event ends the session
        } else {
            over = true;
            worker.shutdownNow();
        }
    }

    // --- events, on the connection's thread

    private void event(SimEvent event) {
        if (event instanceof SimEvent.Boot booted) {
            run.stopped();
            submit(() -> bootStop(booted));
        } else if (event instanceof SimEvent.Stop stop) {
            run.stopped();
            submit(() -> stopped(stop));
        } else if (event instanceof SimEvent.Reset) {
            boolean stood = run.reset();
            boot.incrementAndGet();
            submit(() -> reset(stood));
        } else if (event instanceof SimEvent.Violation violation) {
            violations.event(violation.violation());
        } else if (event instanceof SimEvent.Doorbell) {
            listener.doorbell();
        } else if (event instanceof SimEvent.Gone gone) {
            over = true;
            boot.incrementAndGet();
            execute(() -> ended(gone.reason()));
        }
    }

    /** A step of the present boot. */
    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    private void become(ArmingState next) {
        state = next;
        listener.stateChanged(next);
    }

    private void submit(Step step) {
        int number = boot.get();
        execute(() -> {
            if (number == boot.get()) {
                attempt(number, step);
            }
        });
    }

    private void execute(Runnable task) {
        try {
            worker.execute(task);
        } catch (RejectedExecutionException e) {
            log.debug("{}: the session has ended", request.domain());
        }
    }

    // --- steps, on the worker

    private void connect() {
        try {
            SimDevice there =
                    SimDevice.connect(request.qmpSocket(), request.timeout(), this::event);
            device = there;
            run.connected(there);
            SimStatus status = there.query();
            if (status.abi() < SimAbi.VMFUNC_VERSION || status.abi() > SimAbi.VERSION) {
                throw new ArmingException(
                        ArmingFailure.Kind.QEMU,
                        "QEMU was built for SIM ABI "
                                + status.abi() + ", this manager for " + SimAbi.VERSION
                                + "; install matching packages");
            }
            log.info(
                    "{}: connected to QEMU {}, device state {}",
                    request.domain(),
                    status.pid(),
                    status.state().wireName());
            become(ArmingState.WAITING);
            violations.connected(there);
            if (status.state() != DeviceState.WAITING) {
                catchUp(status);
            }
        } catch (Exception e) {
            fail(boot.get(), e);
            if (device == null) {
                ended(
                        e instanceof InterruptedException
                                ? "the session was closed"
                                : e.getMessage());
            }
        }
    }

    /**
     * The guest got further than its start before the manager was there: QEMU tells events only to
     * who listens.
     */
    private void catchUp(SimStatus status)
            throws ArmingException, RegionException, MonitorProcessException, QmpException,
                    InterruptedException {
        if (status.missedBoot().isPresent()) {
            run.stopped();
            submit(() -> bootStop(
                    status.missedBoot().get())); // does nothing if the event came after all
            return;
        }
        regionUsed = true;
        if (status.state() == DeviceState.MAPPED) {
            become(ArmingState.MAPPED);
            request.outside().serve(status);
            listener.mapped(request.region().ring());
            if (request.earlier().armed()) {
                adopt(status);
                return;
            }
        }
        if (status.state() == DeviceState.FAILED) {
            log.warn(
                    "{}: the guest was stopped for good, see its violations; only a reset "
                            + "lets it go on",
                    request.domain());
            become(ArmingState.FAILED);
            return;
        }
        if (request.required()) {
            // It has run no program of its own yet, or it would be armed, or would not run.
            log.warn(
                    "{}: an earlier manager ended while it armed the guest (device state {}): "
                            + "the guest is reset, to be"
                            + " armed from its start",
                    request.domain(),
                    status.state().wireName());
            run.stopped();
            device.reset();
            return;
        }
        run.found(); // it may stand at a stop that nobody waits for any more
        throw new ArmingException(
                ArmingFailure.Kind.QEMU,
                "an earlier manager ended while it armed the guest (device state "
                        + status.state().wireName()
                        + "); reset the guest, or start it anew, to arm it");
    }

    /** Whatever is missing for its checks, its events go on. */
    private void adopt(SimStatus status) throws InterruptedException {
        try {
            PersistedBoot kept = listener.persistedBoot();
            ArmedGuest guest = AdoptedGuest.of(request, kept, ram.map(status), device, kernels);
            listener.adopted(guest);
            become(ArmingState.ARMED);
            log.info(
                    "{}: an earlier manager armed the guest: events and checks go on: {}",
                    request.domain(),
                    guest);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            log.warn(
                    "{}: an earlier manager armed the guest: events go on, checks begin at "
                            + "its next boot: {}",
                    request.domain(),
                    oneLine(e));
            listener.notAdopted(oneLine(e));
        }
    }

    private void bootStop(SimEvent.Boot booted) throws Exception {
        if (arming != null) {
            return;
        }
        log.info(
                "{}: boot stop on vCPU {}, lstar 0x{}, {} levels",
                request.domain(),
                booted.cpu(),
                Long.toHexString(booted.lstar()),
                (booted.cr4() & 1 << 12) != 0 ? 5 : 4);
        become(ArmingState.RESOLVING);
        if (regionUsed || request.region().needsReset()) {
            resetRegion();
        }
        regionUsed = true;
        StepClock clock = new StepClock(request.domain());
        clock.pausedSince(booted.receivedNanos());
        SimStatus status = device.query();
        BootArming started =
                new BootArming(request, device, status, ram.map(status), booted, clock);
        clock.lap("boot stop: map guest RAM");
        arming = started;
        started.atBootStop(kernels);
        ensureCurrent();
        run.resume();
        clock.lap("boot stop: resume");
        clock.running();
        become(ArmingState.PREPARING);
        started.prepare();
        request.outside().serve(status);
        clock.lap("prepare: whoever runs the monitors");
    }

    private void stopped(SimEvent.Stop stop) throws Exception {
        if (arming == null || state != ArmingState.PREPARING && state != ArmingState.MAPPED) {
            log.warn(
                    "{}: the guest stopped at 0x{} for no reason of ours",
                    request.domain(),
                    Long.toHexString(stop.address()));
            run.resume();
            return;
        }
        StepClock clock = arming.clock();
        clock.pausedSince(stop.receivedNanos());
        if (state == ArmingState.PREPARING) {
            clock.lap("hook stop: wait for preparation");
            boolean baselineNow = arming.atHookStop(stop);
            ensureCurrent();
            become(ArmingState.MAPPED);
            listener.mapped(request.region().ring());
            if (!baselineNow) {
                run.resume();
                clock.lap("hook stop: resume");
                return;
            }
        }
        baseline(clock);
    }

    private void baseline(StepClock clock) throws Exception {
        try {
            listener.recordBaseline(arming.guest());
        } catch (Exception e) {
            if (e instanceof RuntimeException) {
                log.error("{}: the baseline could not be recorded", request.domain(), e);
            }
            throw new ArmingException(
                    ArmingFailure.Kind.BASELINE,
                    "the baseline could not be recorded: " + oneLine(e),
                    e);
        }
        clock.lap("baseline stop: baseline");
        ensureCurrent();
        arming.seal();
        run.resume();
        clock.lap("baseline stop: resume");
        ensureCurrent();
        become(ArmingState.ARMED);
        ArmedGuest guest = arming.guest();
        log.info("{}: armed: {}", request.domain(), guest);
        listener.armed(guest);
    }

    private void reset(boolean stood) throws Exception {
        log.info("{}: reset while {}", request.domain(), state);
        arming = null;
        become(ArmingState.WAITING);
        listener.reset();
        if (regionUsed) {
            resetRegion();
            regionUsed = false;
        }
        if (stood) {
            run.resumeAfterReset();
        }
    }

    private void resetRegion() throws RegionException {
        request.outside().end();
        request.region().reset();
    }

    private void ended(String reason) {
        if (state == ArmingState.GONE) {
            return;
        }
        become(ArmingState.GONE);
        arming = null;
        if (device != null && !closing) {
            request.outside().end();
        }
        ram.close();
        log.info("{}: {}", request.domain(), reason);
        listener.gone(reason);
        worker.shutdown();
    }

    private void attempt(int number, Step step) {
        attempted = number;
        try {
            step.run();
        } catch (Exception e) {
            fail(number, e);
        }
    }

    // --- failure

    private void fail(int number, Exception cause) {
        if (cause instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return;
        }
        if (number != boot.get()
                || over
                || cause instanceof QmpException.Closed && device != null
                || wasReset()) {
            log.info(
                    "{}: arming abandoned while {}: {}",
                    request.domain(),
                    state,
                    cause.getMessage());
            return;
        }
        ArmingState reached = state;
        ArmingFailure.Kind kind = ArmingException.kindOf(cause);
        if (kind == ArmingFailure.Kind.INTERNAL) {
            log.error("{}: arming failed while {}", request.domain(), reached, cause);
        }
        become(ArmingState.FAILED);
        if (reached != ArmingState.MAPPED) {
            request.outside().end(); // no hook calls
        }
        boolean runs = device != null && (request.required() ? !run.hold() : run.letGo());
        ArmingFailure failure = new ArmingFailure(kind, reached, oneLine(cause), runs);
        log.warn(
                "{}: not armed ({}, while {}): {}; {}",
                request.domain(),
                kind,
                reached,
                failure.reason(),
                runs ? "the guest runs on without SIM" : "the guest stands");
        listener.failed(failure);
    }

    /** The device's own word, for a reset whose event is still on its way to us. */
    private boolean wasReset() {
        try {
            return device != null
                    && arming != null
                    && device.query().state() == DeviceState.WAITING;
        } catch (QmpException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * Ends a step whose boot is over. QEMU would refuse what it wants next; this says it sooner.
     */
    private void ensureCurrent() throws ArmingException {
        if (attempted != boot.get()) {
            throw new ArmingException(ArmingFailure.Kind.QEMU, "the machine was reset");
        }
    }

    private static String oneLine(Exception cause) {
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return message.replaceAll("\\p{Cntrl}+", " ");
    }
}
