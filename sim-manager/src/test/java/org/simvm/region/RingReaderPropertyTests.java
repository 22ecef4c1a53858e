// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The host's side of the event ring: what holds for any course of events and any bytes. */
class RingReaderPropertyTests {
    private static final int CAPACITY = 4096;

    @Property(tries = 200)
    void losesNothingWithoutAccount(
            @ForAll @Size(max = 300) List<@IntRange(min = 0, max = 60) Integer> steps)
            throws RingCorruptException {
        ByteBuffer own = RingProducer.segment(CAPACITY);
        RingReader ownReader = new RingReader(own);
        RingProducer ownProducer = new RingProducer(own, () -> {});
        BitSet seen = new BitSet();
        BitSet fitted = new BitSet();
        int next = 0;
        for (int step : steps) {
            if (step < 50) {
                fitted.set(next++, ownProducer.emit(RingProducer.record(1, 88 + 8 * step)));
            } else {
                ownReader.drain(record -> seen.set((int) record.getLong(8)), step - 50);
            }
        }
        ownReader.drain(record -> seen.set((int) record.getLong(8)), Integer.MAX_VALUE);
        assertEquals(fitted, seen);
        assertEquals(
                next, ownReader.statistics().received() + ownReader.statistics().droppedInAll());
    }

    @Property(tries = 2000)
    void anyBytesEndInRecordsWithinBoundsOrTheDocumentedException(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 4) int sanity) {
        Random random = new Random(seed);
        ByteBuffer own = RingProducer.segment(CAPACITY).order(ByteOrder.LITTLE_ENDIAN);
        byte[] bytes = new byte[own.capacity()];
        random.nextBytes(bytes);
        own.put(0, bytes);
        if (sanity > 0) {
            // Closer and closer to a ring: plausible head, tail, then sizes.
            long tail = 8L * random.nextInt(100_000);
            own.putLong(SimAbi.Ring.TAIL, tail);
            own.putLong(SimAbi.Ring.HEAD, tail + 8L * random.nextInt(CAPACITY / 8 + 2));
            own.putLong(SimAbi.Ring.TAKEN, sanity > 1 ? tail : random.nextLong());
            own.putLong(SimAbi.Ring.NEXT_SEQUENCE, sanity > 2 ? Long.MAX_VALUE : random.nextLong());
            for (int at = 4096; sanity > 3 && at + 16 <= own.capacity(); at += 88) {
                own.putInt(at, 88);
                own.putShort(at + 4, (short) random.nextInt(33));
                own.putLong(at + 8, random.nextInt(1000));
            }
        }
        RingReader other = new RingReader(own);
        int[] seen = new int[1];
        try {
            other.drain(
                    record -> {
                        seen[0] += record.limit();
                        assertTrue(record.limit() >= 88
                                && record.limit() % 8 == 0
                                && record.limit() <= CAPACITY);
                    },
                    Integer.MAX_VALUE);
        } catch (RingCorruptException expected) {
            assertFalse(expected.getMessage().isEmpty());
        }
        assertTrue(seen[0] <= CAPACITY, "no byte is read twice");
        other.statistics();
    }
}
