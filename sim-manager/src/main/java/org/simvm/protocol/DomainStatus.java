// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The answer to {@code status}: how a domain is doing.
 *
 * @param domain what {@code list} shows
 * @param violations how many since the manager was started
 * @param findings likewise
 * @param gate the gate in force; this and the following but the last are empty while the domain is
 *     not under SIM
 * @param kernel release of the armed guest's kernel
 * @param ring the account of its event ring
 * @param eventsNotLogged events that could not be written to the event log
 * @param lastCheck the last round of integrity checks
 * @param device what the region device says
 * @param checksSuspendedUntil when scheduled checks run again, if they are suspended
 */
public record DomainStatus(
        @JsonUnwrapped DomainSummary domain,
        long violations,
        long findings,
        Optional<GateInForce> gate,
        Optional<String> kernel,
        Optional<Ring> ring,
        OptionalLong eventsNotLogged,
        Optional<RoundReport> lastCheck,
        Optional<Device> device,
        Optional<Instant> checksSuspendedUntil) {

    /**
     * The account of an event ring since the guest was armed.
     *
     * @param received events read
     * @param receivedBytes bytes of records read
     * @param nextSequence sequence numbers used so far, dropped events included
     * @param dropped events that did not fit
     * @param droppedByType likewise by number of the event type, without zeros
     * @param missing sequence numbers that were not seen: dropped, or still being written
     * @param waitingBytes bytes reserved or written that are not read yet
     * @param calls calls of the gate
     * @param unknownCalls of these, with a return address in no hook table: forged
     */
    public record Ring(
            long received,
            long receivedBytes,
            long nextSequence,
            long dropped,
            Map<String, Long> droppedByType,
            long missing,
            long waitingBytes,
            long calls,
            long unknownCalls) {
        public Ring {
            droppedByType = Collections.unmodifiableMap(new LinkedHashMap<>(droppedByType));
        }
    }

    /**
     * What the region device says of itself.
     *
     * @param state its state
     * @param gate the gate in use
     * @param accelerator what runs the guest: {@code tcg} or {@code kvm}
     * @param pid QEMU's process, as QEMU sees it
     * @param armedBoots how many boots of this QEMU were armed
     * @param switches view switches so far; empty if nobody counts them, as under KVM
     * @param violations so far
     * @param doorbells doorbell writes so far
     */
    public record Device(
            String state,
            String gate,
            Optional<String> accelerator,
            long pid,
            long armedBoots,
            OptionalLong switches,
            long violations,
            long doorbells) {}
}
