// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;

/**
 * The ring's only consumer, by the protocol of {@code sim_abi.h}. One thread drains and sleeps; {@link #wake()} and
 * {@link #statistics()} may come from any.
 *
 * <p>Nothing in the ring is trusted: a size that is no multiple of 8, too small, too large or beyond the head, a head that jumps, or a
 * sequence number that can't be ends the reading with {@link RingCorruptException}.
 */
public final class RingReader {
    /** Takes one record. */
    @FunctionalInterface
    public interface RecordSink {
        /**
         * Called for each record, in ring order.
         *
         * @param record a private copy, little-endian, from position 0 (head of the record) to its limit (the record's size);
         *     valid until the call returns
         */
        void record(ByteBuffer record);
    }

    RingReader() {
    }

    /**
     * Hands over the records that are there, at most {@code limit}; returns how many, without waiting.
     *
     * @throws RingCorruptException on a record that no monitor writes; every later call throws it again
     */
    public int drain(RecordSink sink, int limit) throws RingCorruptException {
        throw new IllegalStateException("not yet");
    }

    /**
     * Waits until there is a record, {@link #wake()} is called, or the time is over. Tells the monitor that the reader sleeps, so that it
     * rings the doorbell, and looks once more before it does.
     *
     * @param milliseconds 0: for ever
     * @return whether there may be a record
     */
    public boolean await(long milliseconds) throws InterruptedException {
        throw new IllegalStateException("not yet");
    }

    /** Wakes {@link #await}: call it on the QMP event {@code SIM_DOORBELL}, and to make the drain thread look up. */
    public void wake() {
        throw new IllegalStateException("not yet");
    }

    /** Takes stock. */
    public RingStatistics statistics() {
        throw new IllegalStateException("not yet");
    }
}
