// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.time.Duration;
import org.simvm.qmp.DeviceState;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimEvent;
import org.simvm.qmp.SimStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Arms one boot of the guest, from reset to reset. A boot that was reset is {@linkplain #abandon
 * abandoned} and takes no further step; one that is under way then ends at the next thing that it
 * wants of QEMU.
 *
 * <p>Steps run on the worker, one after the other. Only {@link #state} and {@link #abandon} may be
 * called from other threads.
 */
final class BootArming {
    private static final Logger log = LoggerFactory.getLogger(BootArming.class);

    /** Has something done on the worker later. */
    @FunctionalInterface
    interface Timer {
        void after(Duration delay, Runnable task);
    }

    /** A step of this boot. */
    @FunctionalInterface
    interface Step {
        void run() throws Exception;
    }

    private final BootContext context;
    private final ArmingListener listener;
    private final KernelSource kernels;
    private final FailurePolicy failures;
    private volatile BootPhase phase = new BootPhase.Waiting();
    private volatile boolean abandoned;

    BootArming(BootContext context, ArmingListener listener, KernelSource kernels) {
        this.context = context;
        this.listener = listener;
        this.kernels = kernels;
        this.failures = new FailurePolicy(context.request(), listener);
    }

    ArmingState state() {
        return phase.state();
    }

    /** The machine was reset, or QEMU is gone: nothing more of this boot matters. */
    void abandon() {
        abandoned = true;
    }

    /** Takes a step, unless the boot was abandoned. Whatever goes wrong is the boot's failure. */
    void attempt(Step step) {
        if (abandoned) {
            return;
        }
        try {
            step.run();
        } catch (Exception e) {
            failed(e);
        }
    }

    /** Begins to watch the guest until it comes to its boot stop. */
    void watch(VcpuTime time, Timer timer) throws Exception {
        lookLater(UnarmedWatch.begin(context, time), timer);
    }

    private void lookLater(UnarmedWatch watch, Timer timer) {
        Step look = () -> {
            if (phase instanceof BootPhase.Waiting) {
                watch.look();
                lookLater(watch, timer);
            }
        };
        timer.after(UnarmedWatch.INTERVAL, () -> attempt(look));
    }

    /** Goes on with a guest whose device was not waiting for a boot when we connected. */
    void catchUp(SimStatus status) throws Exception {
        CatchUp earlier = new CatchUp(context, listener, kernels);
        if (status.state() == DeviceState.MAPPED) {
            enter(earlier.mapped(status));
            if (context.request().earlier().armed()) {
                if (earlier.adopt(status)) {
                    enter(new BootPhase.Armed());
                }
                return;
            }
        }
        earlier.abandoned(status);
        if (status.state() == DeviceState.FAILED) {
            enter(new BootPhase.Failed(state()));
        }
    }

    /** The guest is paused after its first write of {@code MSR_LSTAR}. */
    void bootStop(SimEvent.Boot event) throws Exception {
        if (phase instanceof BootPhase.Failed failed && failed.reached() == ArmingState.WAITING) {
            if (context.request().required()) {
                log.info("{}: the guest stays paused at its boot stop", context.domain());
                return;
            }
            log.info("{}: a kernel came after all", context.domain());
        } else if (!(phase instanceof BootPhase.Waiting)) {
            return; // we connected while the event was on its way, and have seen this stop
        }
        log.info(
                "{}: boot stop on vCPU {}, lstar 0x{}, {} levels",
                context.domain(),
                event.cpu(),
                Long.toHexString(event.lstar()),
                (event.cr4() & 1 << 12) != 0 ? 5 : 4);
        BootStop stop = new BootStop(event);
        enter(stop);
        if (context.request().region().needsReset()) {
            context.request().resetRegion();
        }
        StepClock clock = context.clock();
        clock.pausedSince(event.receivedNanos());
        Located located = stop.locate(context, kernels);
        requireCurrent();
        context.guest().run().resume();
        clock.lap("boot stop: resume");
        clock.running();
        enter(located);
        Planned planned = located.plan(context);
        context.request().outside().serve(located.status());
        clock.lap("prepare: whoever runs the monitors");
        enter(planned);
    }

    /** The guest is paused at the address that was asked for. */
    void stop(SimEvent.Stop event) throws Exception {
        StepClock clock = context.clock();
        if (phase instanceof Planned planned) {
            clock.pausedSince(event.receivedNanos());
            clock.lap("hook stop: wait for preparation");
            Hooked hooked = planned.hook(context, event);
            requireCurrent();
            enter(hooked);
            listener.mapped(context.request().region().ring());
            if (hooked.lastStop()) {
                baseline(hooked);
            } else {
                context.guest().run().resume();
                clock.lap("hook stop: resume");
            }
        } else if (phase instanceof Hooked hooked) {
            clock.pausedSince(event.receivedNanos());
            baseline(hooked);
        } else if (phase instanceof BootPhase.Failed && context.request().required()) {
            log.info("{}: the guest stays paused at its next stop", context.domain());
        } else {
            log.warn(
                    "{}: resuming the guest from an unexpected stop at 0x{}",
                    context.domain(),
                    Long.toHexString(event.address()));
            context.guest().run().resume();
        }
    }

    private void baseline(Hooked hooked) throws Exception {
        try {
            listener.recordBaseline(hooked.guest(context));
        } catch (Exception e) {
            if (e instanceof RuntimeException) {
                log.error("{}: the baseline could not be recorded", context.domain(), e);
            }
            throw new ArmingException(
                    ArmingFailure.Kind.BASELINE,
                    "the baseline could not be recorded: " + ArmingException.oneLine(e),
                    e);
        }
        StepClock clock = context.clock();
        clock.lap("baseline stop: baseline");
        requireCurrent();
        hooked.seal(context);
        context.guest().run().resume();
        clock.lap("baseline stop: resume");
        requireCurrent();
        ArmedGuest guest = hooked.guest(context);
        enter(new BootPhase.Armed());
        log.info("{}: armed: {}", context.domain(), guest);
        listener.armed(guest);
    }

    /**
     * Gives this boot up, unless the reason is that it is over, or QEMU gone, which is nobody's
     * fault.
     */
    void failed(Exception cause) {
        if (cause instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return;
        }
        ArmingState reached = state();
        boolean over = abandoned
                || cause instanceof QmpException.Closed
                || (reached != ArmingState.WAITING && context.guest().wasReset());
        if (over) {
            log.info(
                    "{}: arming abandoned while {}: {}",
                    context.domain(),
                    reached,
                    cause.getMessage());
            return;
        }
        enter(new BootPhase.Failed(reached));
        failures.bootFailed(context.guest(), reached, cause);
    }

    private void enter(BootPhase next) {
        ArmingState from = state();
        from.requireSuccessor(next.state());
        phase = next;
        if (!abandoned && from != next.state()) {
            listener.stateChanged(next.state());
        }
    }

    /**
     * Ends a step whose boot is over. QEMU would refuse what it wants next; this says it sooner.
     */
    private void requireCurrent() throws ArmingException {
        if (abandoned) {
            throw new ArmingException(ArmingFailure.Kind.QEMU, "the machine was reset");
        }
    }
}
