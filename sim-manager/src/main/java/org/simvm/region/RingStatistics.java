// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;

/**
 * Exact account of a ring since the guest was armed. Once nothing is in flight, {@code nextSequence
 * = received + sum of dropped}; what is over is in flight or lost unexplained.
 *
 * @param received events read, padding not counted
 * @param receivedBytes bytes of records read
 * @param nextSequence sequence numbers used so far, dropped events included
 * @param dropped events that did not fit, by event type (index 0..31)
 * @param missing sequence numbers below the highest one seen that were not seen: dropped, or still
 *     being written
 * @param waitingBytes bytes reserved or written that are not read yet
 * @param calls calls of the gate
 * @param unknownCalls of these, with a return address in no hook table: forged
 */
public record RingStatistics(
        long received,
        long receivedBytes,
        long nextSequence,
        List<Long> dropped,
        long missing,
        long waitingBytes,
        long calls,
        long unknownCalls) {
    public RingStatistics {
        dropped = List.copyOf(dropped);
    }

    /** Sums up the dropped events of all types. */
    public long droppedInAll() {
        return dropped.stream().mapToLong(Long::longValue).sum();
    }
}
