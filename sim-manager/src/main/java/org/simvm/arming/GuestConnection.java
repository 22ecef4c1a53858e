// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.List;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.qmp.DeviceState;
import org.simvm.qmp.GuestWrite;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.simvm.qmp.SimEvent;
import org.simvm.qmp.SimStatus;
import org.simvm.region.SimAbi;

/**
 * The connection to one QEMU, over all boots of its guest: the device's commands, whether the guest
 * is paused, its RAM, and its violations and doorbells, which go to the listener without detour.
 */
final class GuestConnection implements AutoCloseable {
    /** Events that begin or end something in a boot. Called on the connection's thread. */
    interface Lifecycle {
        void bootStop(SimEvent.Boot event);

        void stop(SimEvent.Stop event);

        /** The machine was reset; {@code paused} says whether the guest was paused for SIM. */
        void reset(boolean paused);

        /** Always the last. */
        void gone(String reason);
    }

    private final SimDevice device;
    private final ArmingListener listener;
    private final RunState run;
    private final ViolationFeed violations;
    private final QemuProcess process;
    private final GuestRam ram = new GuestRam();

    GuestConnection(ArmingRequest request, SimDevice device, ArmingListener listener) {
        this.device = device;
        this.listener = listener;
        this.run = new RunState(request.domain(), device);
        this.process = new QemuProcess(request.region());
        this.violations = new ViolationFeed(
                request.domain(),
                request.earlier().violations(),
                device,
                listener::violation,
                listener::violationsLost);
    }

    /** Begins to deliver events, those since the connection was opened included. */
    void listen(Lifecycle lifecycle) {
        device.listen(event -> deliver(event, lifecycle));
    }

    private void deliver(SimEvent event, Lifecycle lifecycle) {
        if (event instanceof SimEvent.Boot boot) {
            run.paused();
            lifecycle.bootStop(boot);
        } else if (event instanceof SimEvent.Stop stop) {
            run.paused();
            lifecycle.stop(stop);
        } else if (event instanceof SimEvent.Reset) {
            lifecycle.reset(run.isPaused());
        } else if (event instanceof SimEvent.Violation violation) {
            violations.event(violation.violation());
        } else if (event instanceof SimEvent.Doorbell) {
            listener.doorbell();
        } else if (event instanceof SimEvent.Gone gone) {
            lifecycle.gone(gone.reason());
        }
    }

    SimDevice device() {
        return device;
    }

    RunState run() {
        return run;
    }

    /** Reports the violations that happened before anybody listened. */
    void fetchViolations() {
        violations.fetch();
    }

    /**
     * Asks the device for its state.
     *
     * @throws ArmingException if it is of an ABI that this manager does not know, or not of the
     *     process that serves the region
     */
    SimStatus status() throws ArmingException, QmpException, InterruptedException {
        SimStatus status = device.query();
        if (status.abi() < SimAbi.VMFUNC_VERSION || status.abi() > SimAbi.VERSION) {
            throw new ArmingException(
                    ArmingFailure.Kind.QEMU,
                    "QEMU was built for SIM ABI "
                            + status.abi() + ", this manager for " + SimAbi.VERSION
                            + "; install matching packages");
        }
        process.prove(status.pid());
        return status;
    }

    /**
     * Asks the device whether the machine was reset since its boot stop; the event may still be on
     * its way.
     */
    boolean wasReset() {
        try {
            return device.query().state() == DeviceState.WAITING;
        } catch (QmpException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Maps guest RAM as {@code query-sim} describes it, until QEMU is gone. */
    GuestMemory memory(SimStatus status) throws ArmingException {
        return ram.map(status);
    }

    /**
     * Has QEMU write guest memory, all or nothing.
     *
     * @param map whether the SIM view and the gates become effective with it
     * @throws ArmingException if guest memory is not what the writes expect; nothing was written
     */
    void apply(boolean map, List<GuestWrite> writes)
            throws ArmingException, QmpException, InterruptedException {
        if (!map && writes.isEmpty()) {
            return;
        }
        try {
            device.apply(map, writes);
        } catch (QmpException.Refused e) {
            throw new ArmingException(
                    ArmingFailure.Kind.PLAN_REJECTED,
                    "the guest's memory is not as the plan expects, nothing was written: "
                            + e.description(),
                    e);
        }
    }

    /** QEMU is gone: gives guest memory back. */
    void release() {
        ram.close();
    }

    /** Hangs up; the guest is left as it is. {@link Lifecycle#gone} follows. */
    @Override
    public void close() {
        device.close();
    }
}
