// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.qmp.SimViolation;
import org.simvm.region.RingReader;

/**
 * Receives what becomes of a guest's arming.
 *
 * <p>{@link #violation}, {@link #violationsLost} and {@link #doorbell} are called on a thread of
 * the connection (those of before the connection on the session's), all others on one thread of the
 * session, one after the other. The guest is paused while {@link #mapped} and
 * {@link #recordBaseline} run, so these two do only what can't be done later.
 */
public interface ArmingListener {
    /** The present boot has come into another state; the other calls that it brings follow. */
    default void stateChanged(ArmingState state) {}

    /**
     * Gates and hooks are effective and the guest is about to go on: from now on the monitors put
     * events into the ring.
     *
     * @param ring the reader of this boot's ring, dead after {@link #reset}
     */
    void mapped(RingReader ring);

    /**
     * The guest is paused before its first program, with its text in the final state: records what
     * later checks compare with.
     *
     * @param guest hooks and gates in place; the time of this step is not yet in it
     * @throws Exception if the baseline can't be recorded; the boot then counts as not armed
     */
    void recordBaseline(ArmedGuest guest) throws Exception;

    /** The guest is armed and runs. */
    void armed(ArmedGuest guest);

    /**
     * An earlier manager armed the guest, which runs: returns what that manager kept of its boot.
     *
     * @throws Exception if nothing is kept, or it can't be read
     */
    default PersistedBoot persistedBoot() throws Exception {
        throw new java.io.IOException("nothing was kept of this boot");
    }

    /**
     * An earlier manager armed the guest, which runs and was found again.
     *
     * @throws Exception if its baseline can't be restored; {@link #notAdopted} follows
     */
    default void adopted(ArmedGuest guest) throws Exception {}

    /**
     * An earlier manager armed the guest, but what it recorded can't be restored: there are events,
     * but no checks.
     */
    default void notAdopted(String reason) {}

    /**
     * This boot can't be armed. If SIM is required the guest is paused and what happens to it is
     * the listener's to decide; else it runs on.
     */
    void failed(ArmingFailure failure);

    /**
     * The guest was reset: whatever was armed is void, and the next boot will be armed in its turn.
     */
    void reset();

    /**
     * A rule was broken. Each violation comes once, in order; those that QEMU's rate limit held
     * back come with the next one.
     */
    void violation(SimViolation violation);

    /** So many violations came faster than QEMU keeps them: nothing but their number is known. */
    void violationsLost(long number);

    /** The monitor woke the reader of the ring. */
    void doorbell();

    /** QEMU is gone: the session has ended. Always the last call, whatever happened before. */
    void gone(String reason);
}
