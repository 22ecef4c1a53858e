// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/** Says how far a guest's present boot has been armed. */
public enum ArmingState {
    /** QEMU has not opened its socket yet. */
    CONNECTING,
    /**
     * The guest has not reached its kernel's {@code MSR_LSTAR} write since it was started or reset.
     */
    WAITING,
    /** The guest stands at the boot stop, its kernel is being resolved. */
    RESOLVING,
    /** The guest runs; the region is being filled in. */
    PREPARING,
    /** Gates and hooks are effective; the baseline is still to come. */
    MAPPED,
    /** Armed: baseline recorded, hooks sealed. */
    ARMED,
    /** This boot can't be armed, see {@link ArmingFailure}; a reset starts again. */
    FAILED,
    /** QEMU is gone. */
    GONE
}
