// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.simvm.domain.DomainState;
import org.simvm.region.RingStatistics;

/**
 * What is known of one domain under SIM.
 *
 * @param name its name, as libvirt has it
 * @param uuid its UUID
 * @param state what SIM has it in
 * @param gate the gate in force; empty while there is none
 * @param required whether it may not run unguarded
 * @param violations since the manager was started, by kind
 * @param findings since the manager was started, by class
 * @param ring account of this boot's ring; empty while there is none
 * @param eventsNotLogged events that could not be written to the event log
 * @param checks its rounds of checks
 * @param checksSuspended whether scheduled checks are suspended
 */
public record DomainFigures(
        String name,
        UUID uuid,
        DomainState state,
        Optional<String> gate,
        boolean required,
        Map<String, Long> violations,
        Map<String, Long> findings,
        Optional<RingStatistics> ring,
        long eventsNotLogged,
        CheckTally checks,
        boolean checksSuspended) {
    public DomainFigures {
        violations = Map.copyOf(violations);
        findings = Map.copyOf(findings);
    }
}
