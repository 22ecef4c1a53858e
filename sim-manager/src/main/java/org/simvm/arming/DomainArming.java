// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.simvm.guest.kernel.KernelResolver;
import org.simvm.guest.kernel.ResolverWarmup;
import org.simvm.qmp.DeviceState;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.simvm.qmp.SimEvent;
import org.simvm.qmp.SimStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Arms one domain's guest at each of its boots, from when its QEMU starts until it ends: one
 * {@link GuestConnection}, and one {@link BootArming} after the other.
 *
 * <p>{@link #start} returns at once; everything happens on threads of the session: events arrive on
 * the connection's, and all steps run on one worker.
 */
public final class DomainArming implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DomainArming.class);
    private static final AtomicBoolean warmedUp = new AtomicBoolean();

    /** How QEMU is reached, and on what a session runs. */
    record Environment(
            Connector connector,
            KernelSource kernels,
            ExecutorService worker,
            LongSupplier nanoTime,
            VcpuTime vcpuTime,
            BootArming.Timer timer) {
        @FunctionalInterface
        interface Connector {
            SimDevice connect(ArmingRequest request) throws QmpException, InterruptedException;
        }

        static Environment of(String domain) {
            ScheduledThreadPoolExecutor worker =
                    new ScheduledThreadPoolExecutor(1, body -> daemon(body, "arming " + domain));
            worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
            return new Environment(
                    request -> SimDevice.connect(request.qmpSocket(), request.timeout()),
                    KernelResolver::resolve,
                    worker,
                    System::nanoTime,
                    VcpuTime::ofProc,
                    (delay, task) -> later(worker, delay, task));
        }

        private static void later(ScheduledExecutorService worker, Duration delay, Runnable task) {
            try {
                Future<?> unused = worker.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                log.debug("the session is closed, nothing is done later");
            }
        }
    }

    /** Where the session is with QEMU. */
    private sealed interface Stage {
        ArmingState state();
    }

    private record Connecting() implements Stage {
        @Override
        public ArmingState state() {
            return ArmingState.CONNECTING;
        }
    }

    private record Unreachable() implements Stage {
        @Override
        public ArmingState state() {
            return ArmingState.FAILED;
        }
    }

    private record Connected(GuestConnection guest, BootArming boot) implements Stage {
        @Override
        public ArmingState state() {
            return boot.state();
        }
    }

    private record Gone() implements Stage {
        @Override
        public ArmingState state() {
            return ArmingState.GONE;
        }
    }

    private final ArmingRequest request;
    private final ArmingListener listener;
    private final Environment environment;
    private volatile Stage stage = new Connecting();
    /** It is we who hang up, not QEMU: the guest may well run on. */
    private volatile boolean closing;

    private DomainArming(ArmingRequest request, ArmingListener listener, Environment environment) {
        this.request = request;
        this.listener = listener;
        this.environment = environment;
    }

    /**
     * Has the code that guests wait for compiled, on a thread of its own, for about a second; meant
     * for when the manager starts. Without it the first guest waits some 200 ms longer.
     */
    public static void warmUp() {
        if (warmedUp.getAndSet(true)) {
            return; // what a process has compiled stays so
        }
        Runnable warmUp = () -> {
            try {
                ResolverWarmup.run();
            } catch (IOException e) {
                log.warn("the first guest to be armed will wait a little longer: {}", e.toString());
            }
        };
        daemon(warmUp, "arming warm-up").start();
    }

    private static Thread daemon(Runnable body, String name) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Starts to wait for the domain's QEMU, and then to arm each boot. */
    public static DomainArming start(ArmingRequest request, ArmingListener listener) {
        return start(request, listener, Environment.of(request.domain()));
    }

    static DomainArming start(
            ArmingRequest request, ArmingListener listener, Environment environment) {
        DomainArming session = new DomainArming(request, listener, environment);
        environment.worker().execute(session::connect);
        return session;
    }

    /** Returns how far the present boot has come. */
    public ArmingState state() {
        return stage.state();
    }

    /**
     * Asks the device for its state and counters.
     *
     * @throws QmpException if QEMU is not there, or does not answer
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    public SimStatus query() throws QmpException, InterruptedException {
        return connected().guest().device().query();
    }

    /**
     * Pauses the guest; libvirt shows it as paused too.
     *
     * @throws QmpException if QEMU is not there, or does not answer
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    public void pause() throws QmpException, InterruptedException {
        connected().guest().device().pause();
    }

    private Connected connected() throws QmpException {
        if (stage instanceof Connected there) {
            return there;
        }
        throw QmpException.notConnected(request.qmpSocket().toString());
    }

    /** Ends the session; the guest is left as it is. {@link ArmingListener#gone} follows. */
    @Override
    public void close() {
        closing = true;
        if (stage instanceof Connected there) {
            there.guest().close(); // its last event ends the session
        } else {
            environment.worker().shutdownNow();
        }
    }

    // --- on the worker

    private void connect() {
        SimDevice device;
        try {
            device = environment.connector().connect(request);
        } catch (InterruptedException e) {
            ended("the session was closed");
            return;
        } catch (QmpException e) {
            enter(new Unreachable());
            new FailurePolicy(request, listener).noQemu(e);
            ended(e.getMessage());
            return;
        }
        GuestConnection guest = new GuestConnection(request, device, listener);
        BootArming first = boot(guest);
        enter(new Connected(guest, first));
        guest.listen(new Events(guest));
        if (closing) {
            guest.close();
        }
        first.attempt(() -> begin(guest, first));
    }

    private void begin(GuestConnection guest, BootArming first) throws Exception {
        SimStatus status = guest.status();
        log.info(
                "{}: connected to QEMU {}, device state {}",
                request.domain(),
                status.pid(),
                status.state().wireName());
        guest.fetchViolations();
        var missed = status.missedBoot(environment.nanoTime().getAsLong());
        if (missed.isPresent()) {
            guest.run().paused();
            first.bootStop(missed.get());
        } else if (status.state() != DeviceState.WAITING) {
            first.catchUp(status);
        } else {
            first.watch(environment.vcpuTime(), environment.timer());
        }
    }

    private BootArming boot(GuestConnection guest) {
        StepClock clock = new StepClock(request.domain(), environment.nanoTime());
        return new BootArming(
                new BootContext(request, guest, clock), listener, environment.kernels());
    }

    private void afterReset(Connected now, boolean paused) {
        try {
            listener.stateChanged(ArmingState.WAITING);
            listener.reset();
            if (request.region().needsReset()) {
                request.resetRegion();
            }
            if (paused) {
                now.guest().run().resumeAfterReset();
            }
        } catch (Exception e) {
            now.boot().failed(e);
        }
        now.boot().attempt(() -> now.boot().watch(environment.vcpuTime(), environment.timer()));
    }

    private void ended(String reason) {
        Stage before = stage;
        enter(new Gone());
        if (before instanceof Connected there) {
            if (!closing) {
                request.outside().end();
            }
            there.guest().release();
        }
        log.info("{}: {}", request.domain(), reason);
        listener.gone(reason);
        environment.worker().shutdown();
    }

    private void enter(Stage next) {
        stage.state().requireSuccessor(next.state());
        stage = next;
        listener.stateChanged(next.state());
    }

    private void execute(Runnable task) {
        try {
            environment.worker().execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    // An executor of delayed tasks would keep it to itself.
                    log.error("{}: a step of arming failed", request.domain(), e);
                    throw e;
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("{}: the session has ended", request.domain());
        }
    }

    /** Turns events into steps of the boot that they belong to, on the connection's thread. */
    private final class Events implements GuestConnection.Lifecycle {
        private final GuestConnection guest;

        Events(GuestConnection guest) {
            this.guest = guest;
        }

        private void submit(BootArming boot, BootArming.Step step) {
            execute(() -> boot.attempt(step));
        }

        private BootArming present() {
            return ((Connected) stage).boot();
        }

        @Override
        public void bootStop(SimEvent.Boot event) {
            BootArming boot = present();
            submit(boot, () -> boot.bootStop(event));
        }

        @Override
        public void stop(SimEvent.Stop event) {
            BootArming boot = present();
            submit(boot, () -> boot.stop(event));
        }

        @Override
        public void reset(boolean paused) {
            BootArming ending = present();
            ending.abandon();
            log.info("{}: reset while {}", request.domain(), ending.state());
            Connected next = new Connected(guest, boot(guest));
            stage = next;
            execute(() -> afterReset(next, paused));
        }

        @Override
        public void gone(String reason) {
            present().abandon();
            execute(() -> ended(reason));
        }
    }
}
