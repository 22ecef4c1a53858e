// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.UUID;
import org.simvm.domain.DomainState;

/**
 * An answer to {@code top}: what was counted of a domain under SIM, from memory alone. Rates are
 * what {@code virt-sim top} makes of two such answers.
 *
 * @param name its name
 * @param uuid its UUID
 * @param state what SIM has it in
 * @param gate the gate in force, if there is one
 * @param nanos a clock of the manager's
 * @param calls calls of the gate; this and the next three are empty while there is no ring
 * @param events events read
 * @param dropped events that did not fit into the ring
 * @param waitingBytes bytes in the ring
 * @param notLogged events that could not be written to the event log
 * @param violations since the manager was started
 * @param findings since the manager was started
 * @param checksSuspended whether scheduled checks are suspended
 * @param lastCheck the last round of checks
 * @param callsPerSecond not in the manager's answer
 * @param eventsPerSecond not in the manager's answer
 * @param droppedPerSecond not in the manager's answer
 */
public record DomainCounts(
        String name,
        UUID uuid,
        DomainState state,
        Optional<String> gate,
        long nanos,
        OptionalLong calls,
        OptionalLong events,
        OptionalLong dropped,
        OptionalLong waitingBytes,
        long notLogged,
        long violations,
        long findings,
        boolean checksSuspended,
        Optional<Round> lastCheck,
        OptionalDouble callsPerSecond,
        OptionalDouble eventsPerSecond,
        OptionalDouble droppedPerSecond) {

    /**
     * A round of checks.
     *
     * @param started when
     * @param ms how long it took
     * @param findings how many
     */
    public record Round(Instant started, double ms, int findings) {}

    /**
     * Adds rates over the time since an earlier answer about the same domain. A counter that is
     * lower than it was began again from zero: the guest was started or reset.
     */
    public DomainCounts withRatesSince(DomainCounts earlier) {
        double seconds = (nanos - earlier.nanos) / 1e9;
        return new DomainCounts(
                name,
                uuid,
                state,
                gate,
                nanos,
                calls,
                events,
                dropped,
                waitingBytes,
                notLogged,
                violations,
                findings,
                checksSuspended,
                lastCheck,
                rate(earlier.calls, calls, seconds),
                rate(earlier.events, events, seconds),
                rate(earlier.dropped, dropped, seconds));
    }

    private static OptionalDouble rate(OptionalLong before, OptionalLong now, double seconds) {
        if (now.isEmpty() || seconds <= 0) {
            return OptionalDouble.empty();
        }
        long past = before.orElse(0);
        long count = now.getAsLong();
        return OptionalDouble.of((count < past ? count : count - past) / seconds);
    }
}
