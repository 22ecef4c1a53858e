// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;

/**
 * A hook that a monitor wants: {@code struct sim_hook_declaration} of {@code sim_monitor.h}.
 *
 * @param kind how the guest kernel reaches the gate
 * @param function kernel function: the hooked one, or for {@link Kind#CALL} the one whose call is
 *     redirected
 * @param parameters what the handler takes the function's first parameters for, each
 *     {@code STRUCT*} or {@code number}; empty: it does not say
 * @param caller for {@link Kind#CALL} the symbol whose code (up to the next symbol) holds the one
 *     call; else empty
 * @param handler address of the handler in the ELF file, as linked
 * @param id unique within the monitor; comes back in each event
 * @param group hooks of one group (not 0) are alternatives, in this order: the first whose site the
 *     kernel has is armed
 * @param optional a kernel that has not this site is no error
 */
public record HookDeclaration(
        Kind kind,
        String function,
        List<String> parameters,
        String caller,
        long handler,
        int id,
        int group,
        boolean optional) {

    public HookDeclaration {
        parameters = List.copyOf(parameters);
    }

    /** How the guest kernel reaches the gate ({@code SIM_HOOK_FENTRY}, {@code SIM_HOOK_CALL}). */
    public enum Kind {
        /** The 5-byte NOP at the function's start now calls the gate. */
        FENTRY,
        /** One call instruction now calls a gate stub, which goes on to the old target. */
        CALL
    }
}
