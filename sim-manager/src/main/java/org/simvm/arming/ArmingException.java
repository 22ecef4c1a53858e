// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.exitgate.MonitorProcessException;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;

/** Ends the arming of one boot, with the one line of its {@link ArmingFailure}. */
final class ArmingException extends Exception {
    private static final long serialVersionUID = 1L;
    private final ArmingFailure.Kind kind;

    ArmingException(ArmingFailure.Kind kind, String message) {
        this(kind, message, null);
    }

    ArmingException(ArmingFailure.Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    ArmingFailure.Kind kind() {
        return kind;
    }

    /** Returns what sort of thing went wrong when a step ended with {@code cause}. */
    static ArmingFailure.Kind kindOf(Exception cause) {
        if (cause instanceof ArmingException arming) {
            return arming.kind();
        } else if (cause instanceof KernelUnresolvedException) {
            return ArmingFailure.Kind.KERNEL_UNRESOLVED;
        } else if (cause instanceof GuestMemoryException) {
            return ArmingFailure.Kind.GUEST_MEMORY;
        } else if (cause instanceof MonitorProcessException) {
            return ArmingFailure.Kind.MONITOR_PROCESS;
        } else if (cause instanceof RegionException) {
            return ArmingFailure.Kind.REGION;
        } else if (cause instanceof QmpException) {
            return ArmingFailure.Kind.QEMU;
        }
        return ArmingFailure.Kind.INTERNAL;
    }

    /** Returns what an exception says, on one line. */
    static String oneLine(Exception cause) {
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return message.replaceAll("\\p{Cntrl}+", " ");
    }
}
