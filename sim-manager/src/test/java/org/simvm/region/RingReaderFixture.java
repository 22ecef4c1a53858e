// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A ring with a producer and its reader. */
abstract class RingReaderFixture {
    static final int CAPACITY = 4096;

    final ByteBuffer segment = RingProducer.segment(CAPACITY).order(ByteOrder.LITTLE_ENDIAN);
    final RingReader reader = new RingReader(segment);
    final RingProducer producer = new RingProducer(segment, reader::wake);

    List<Long> drainSequences() throws RingCorruptException {
        List<Long> sequences = new ArrayList<>();
        reader.drain(record -> sequences.add(record.getLong(8)), Integer.MAX_VALUE);
        return sequences;
    }

    void dataIsZero() {
        for (int i = 4096; i < 4096 + CAPACITY; i++) {
            assertEquals(0, segment.get(i), "byte " + i);
        }
    }
}
