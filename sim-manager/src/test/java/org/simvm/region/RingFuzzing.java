// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.simvm.fuzzing.FuzzInput;

/**
 * A ring of 4 KiB that its producers spoil while it is read.
 *
 * <p>Input: rounds. Each: head, taken, next sequence number (8 bytes each), then edits (1 byte
 * their number) of 2 bytes where in the data and 8 bytes what, then the ring is drained.
 */
public final class RingFuzzing {
    private static final int CAPACITY = 4096;
    private static final int MOST_ROUNDS = 16;
    private static final int LEAST = 88;
    /** One for all: memory outside of the heap is given back late. */
    private static final ByteBuffer RING =
            RingProducer.segment(CAPACITY).order(ByteOrder.LITTLE_ENDIAN);

    private static final byte[] ZEROS = new byte[RING.capacity()];

    private RingFuzzing() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        ByteBuffer ring = RING.put(0, ZEROS);
        RingReader reader = new RingReader(ring);
        for (int round = 0; round < MOST_ROUNDS && (round == 0 || input.more()); round++) {
            ring.putLong(SimAbi.Ring.HEAD, input.number(8));
            ring.putLong(SimAbi.Ring.TAKEN, input.number(8));
            ring.putLong(SimAbi.Ring.NEXT_SEQUENCE, input.number(8));
            for (int edits = input.below(256); edits > 0 && input.more(); edits--) {
                ring.putLong(4096 + input.below(CAPACITY / 8) * 8, input.number(8));
            }
            if (!drain(reader)) {
                break;
            }
        }
        reader.statistics();
    }

    private static boolean drain(RingReader reader) {
        int[] seen = new int[1];
        try {
            reader.drain(
                    record -> {
                        seen[0] += record.limit();
                        if (record.limit() < LEAST
                                || record.limit() % 8 != 0
                                || record.limit() > CAPACITY) {
                            throw new AssertionError("a record of " + record.limit() + " bytes");
                        }
                    },
                    Integer.MAX_VALUE);
        } catch (RingCorruptException e) {
            if (e.getMessage().isEmpty()) {
                throw new AssertionError("says nothing", e);
            }
            return false;
        }
        if (seen[0] > CAPACITY) {
            throw new AssertionError(seen[0] + " bytes of a ring that has " + CAPACITY);
        }
        return true;
    }
}
