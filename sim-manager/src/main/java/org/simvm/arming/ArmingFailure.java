// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/**
 * Why a boot could not be armed.
 *
 * @param kind what sort of thing went wrong
 * @param reached how far arming had come
 * @param reason one line: what is wrong, where, and the next step; may quote (cleaned) guest data
 * @param guestRuns whether the guest was let run on without SIM; false: it is paused, or its state
 *     is not known
 */
public record ArmingFailure(Kind kind, ArmingState reached, String reason, boolean guestRuns) {
    /** Sorts failures for whoever reports them. */
    public enum Kind {
        /** No QEMU opened its socket, or it spoke another version of the protocol. */
        QEMU,
        /** User mode ran before any kernel came to its boot stop. */
        USER_MODE,
        /** No kernel came to its boot stop in the vCPU time that it may take. */
        BOOT_LIMIT,
        /** The guest's RAM could not be mapped or read. */
        GUEST_MEMORY,
        /** The guest's kernel, or a symbol or structure in it, could not be resolved. */
        KERNEL_UNRESOLVED,
        /** The guest booted a kernel that is none of those that it may boot. */
        OTHER_KERNEL,
        /** A hook has no site in this kernel. */
        HOOK_SITE,
        /** Both places for the gates in the kernel's page tables are taken. */
        GATE_MAPPING,
        /** The region is too small or could not be written. */
        REGION,
        /** Guest memory was not what the plan expects; nothing was written. */
        PLAN_REJECTED,
        /** The process that runs the monitors outside of the guest does not serve. */
        MONITOR_PROCESS,
        /** The baseline could not be recorded. */
        BASELINE,
        /** A defect of the manager. */
        INTERNAL
    }
}
