// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.simvm.domain.DomainState;

/**
 * An answer to {@code list}, and what other answers about a domain begin with.
 *
 * @param name its name, as libvirt has it
 * @param uuid its UUID
 * @param id libvirt's number of the running domain
 * @param active whether it runs
 * @param state what SIM has it in
 * @param problem why it is not under SIM, one line
 * @param required whether it must not run unless it is armed; empty if it has no element
 * @param monitors names of its monitors; empty if it has no element
 */
public record DomainSummary(
        String name,
        UUID uuid,
        OptionalInt id,
        boolean active,
        DomainState state,
        Optional<String> problem,
        Optional<Boolean> required,
        Optional<List<String>> monitors) {

    /** Returns the same with another problem. */
    public DomainSummary withProblem(String other) {
        return new DomainSummary(
                name, uuid, id, active, state, Optional.of(other), required, monitors);
    }
}
