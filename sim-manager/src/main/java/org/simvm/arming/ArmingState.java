// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.EnumSet;
import java.util.Set;
import org.simvm.domain.DomainState;

/** How far a guest's present boot has been armed. */
public enum ArmingState {
    /** QEMU has not opened its socket yet. */
    CONNECTING(DomainState.CONNECTING),
    /**
     * The guest has not reached its kernel's {@code MSR_LSTAR} write since it was started or reset.
     */
    WAITING(DomainState.WAITING),
    /** The guest is paused at the boot stop, its kernel is being resolved. */
    RESOLVING(DomainState.RESOLVING),
    /** The guest runs; the region is being filled in. */
    PREPARING(DomainState.PREPARING),
    /** Gates and hooks are effective; the baseline is still to come. */
    MAPPED(DomainState.MAPPED),
    /** Armed: baseline recorded, hooks sealed. */
    ARMED(DomainState.ARMED),
    /** This boot can't be armed, see {@link ArmingFailure}; a reset starts again. */
    FAILED(DomainState.FAILED),
    /** QEMU is gone. */
    GONE(DomainState.GONE);

    private final DomainState domainState;

    ArmingState(DomainState domainState) {
        this.domainState = domainState;
    }

    /** Returns the state that the domain is in while its boot is in this one. */
    public DomainState domainState() {
        return domainState;
    }

    /**
     * Returns the states that may follow. A reset leads back to {@link #WAITING} and the end of
     * QEMU to {@link #GONE} from wherever the boot is. A guest that was given up before its kernel
     * came, and runs on, is armed when one comes.
     */
    Set<ArmingState> successors() {
        return switch (this) {
            case CONNECTING -> EnumSet.of(WAITING, FAILED, GONE);
            case WAITING -> EnumSet.of(WAITING, RESOLVING, MAPPED, FAILED, GONE);
            case RESOLVING -> EnumSet.of(PREPARING, FAILED, WAITING, GONE);
            case PREPARING -> EnumSet.of(MAPPED, FAILED, WAITING, GONE);
            case MAPPED -> EnumSet.of(ARMED, FAILED, WAITING, GONE);
            case ARMED -> EnumSet.of(WAITING, GONE);
            case FAILED -> EnumSet.of(RESOLVING, WAITING, GONE);
            case GONE -> EnumSet.noneOf(ArmingState.class);
        };
    }

    /** Throws {@link IllegalStateException} if a state can't follow this one. */
    void requireSuccessor(ArmingState next) {
        if (next != this && !successors().contains(next)) {
            throw new IllegalStateException(this + " can't be followed by " + next);
        }
    }
}
