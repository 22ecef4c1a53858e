// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which gate a domain has, and what runs it.
 *
 * @param asked what its element asks for: {@code auto}, {@code vmfunc}, {@code hypercall} or
 *     {@code exit}
 * @param inForce what it got
 * @param accelerator {@code tcg} or {@code kvm}
 * @param invocationCheck how a call is known to come from a hook (docs/security.md, R9); empty
 *     while the guest is not armed
 * @param problem why the latter can't be told, one line
 * @param monitorProcess the process that runs the monitors, if they run outside of the guest
 */
public record GateInForce(
        String asked,
        String inForce,
        String accelerator,
        Optional<InvocationCheck> invocationCheck,
        Optional<String> problem,
        OptionalLong monitorProcess) {

    /** How a call is known to come from a hook. */
    public enum InvocationCheck {
        /** By the return address that it pushed. */
        @JsonProperty("returnAddress")
        RETURN_ADDRESS,
        /** By the instruction that the CPU saw branch to the gate. */
        @JsonProperty("lastBranch")
        LAST_BRANCH
    }
}
