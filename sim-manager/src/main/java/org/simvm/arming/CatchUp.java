// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.exitgate.MonitorProcessException;
import org.simvm.qmp.DeviceState;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes over a boot that got further than its boot stop before this manager connected: an earlier
 * one ended while it armed the guest, or after.
 */
final class CatchUp {
    private static final Logger log = LoggerFactory.getLogger(CatchUp.class);

    private final BootContext context;
    private final ArmingListener listener;
    private final KernelSource kernels;

    CatchUp(BootContext context, ArmingListener listener, KernelSource kernels) {
        this.context = context;
        this.listener = listener;
        this.kernels = kernels;
    }

    /** A guest of whose arming nothing more is known than what the device says. */
    BootPhase.Unaccounted mapped(SimStatus status)
            throws MonitorProcessException, RegionException, InterruptedException {
        context.request().outside().serve(status);
        listener.mapped(context.request().region().ring());
        return new BootPhase.Unaccounted();
    }

    /**
     * Finds out whether an earlier manager armed the guest and its baseline is still there. If it
     * is not, there are events but no checks until the next boot.
     *
     * @return whether checks go on
     */
    boolean adopt(SimStatus status) throws InterruptedException {
        try {
            ArmedGuest guest = AdoptedGuest.of(
                    context.request(),
                    listener.persistedBoot(),
                    context.guest().memory(status),
                    context.guest().device(),
                    kernels);
            listener.adopted(guest);
            log.info(
                    "{}: armed by an earlier manager: events and checks go on: {}",
                    context.domain(),
                    guest);
            return true;
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            String reason = ArmingException.oneLine(e);
            log.warn(
                    "{}: armed by an earlier manager: events go on, checks begin at the next "
                            + "boot: {}",
                    context.domain(),
                    reason);
            listener.notAdopted(reason);
            return false;
        }
    }

    /**
     * A boot that an earlier manager did not arm to its end. If SIM is required the guest is reset:
     * it has run no program yet, or it would be armed, or would not run.
     *
     * @throws ArmingException if SIM is not required: the guest runs on, unarmed
     */
    void abandoned(SimStatus status) throws ArmingException, QmpException, InterruptedException {
        String state = status.state().wireName();
        if (status.state() == DeviceState.FAILED) {
            log.warn(
                    "{}: the guest was stopped for good, see its violations; only a reset "
                            + "lets it go on",
                    context.domain());
        } else if (context.request().required()) {
            log.warn(
                    "{}: an earlier manager ended while it armed the guest (device state {}): "
                            + "resetting the guest, to arm it from its start",
                    context.domain(),
                    state);
            context.guest().run().paused(); // so that the reset resumes it
            context.guest().device().reset();
        } else {
            context.guest().run().refresh(); // it may be at a stop that nobody waits for
            throw new ArmingException(
                    ArmingFailure.Kind.QEMU,
                    "an earlier manager ended while it armed the guest (device state " + state
                            + "); reset the guest, or start it again, to arm it");
        }
    }
}
