// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A ring that was read before, or that its writer damaged. */
class RingReaderRecoveryTests extends RingReaderFixture {
    @Nested
    class GoingOnAfterARestart {
        @Test
        void beginsWhereTheLastManagerStopped() throws RingCorruptException {
            for (int i = 0; i < 4; i++) {
                producer.emit(RingProducer.record(1, 88));
            }
            reader.drain(record -> {}, 2);
            RingReader next = new RingReader(segment);
            List<Long> sequences = new ArrayList<>();
            next.drain(record -> sequences.add(record.getLong(8)), 10);
            assertEquals(List.of(2L, 3L), sequences);
            assertEquals(0, next.statistics().missing());
        }

        @Test
        void getsAgainWhatTheLastManagerHadNotPutIntoSafety() throws RingCorruptException {
            for (int i = 0; i < 4; i++) {
                producer.emit(RingProducer.record(1, 88));
            }
            ByteBuffer killed =
                    ByteBuffer.allocateDirect(segment.capacity()).order(ByteOrder.LITTLE_ENDIAN);
            reader.drain(
                    new RingReader.RecordSink() {
                        @Override
                        public void record(ByteBuffer record) {
                            // taken, but not yet safe
                        }

                        @Override
                        public void settle() {
                            killed.put(0, segment, 0, segment.capacity());
                        }
                    },
                    3);
            List<Long> sequences = new ArrayList<>();
            RingReader next = new RingReader(killed);
            next.drain(record -> sequences.add(record.getLong(8)), 10);
            assertEquals(List.of(0L, 1L, 2L, 3L), sequences);
            assertEquals(
                    List.of(3L),
                    drainSequences(),
                    "one that was killed later does not see them again");
        }

        @Test
        void isNotHeldUpByARecordThatWasZeroedBeforeTheTailMoved() throws RingCorruptException {
            for (int i = 0; i < 3; i++) {
                producer.emit(RingProducer.record(1, 88));
            }
            reader.drain(record -> {}, 1);
            // Killed in the middle of the second record: noted and half zeroed, tail not moved.
            segment.putLong(SimAbi.Ring.TAKEN, 176);
            for (int i = 0; i < 40; i++) {
                segment.put(4096 + 88 + i, (byte) 0);
            }
            RingReader next = new RingReader(segment);
            List<Long> sequences = new ArrayList<>();
            next.drain(record -> sequences.add(record.getLong(8)), 10);
            assertEquals(List.of(2L), sequences);
            dataIsZero();
        }
    }

    @Nested
    class HostileRings {
        private RingCorruptException corrupt(ByteBuffer hostile) {
            RingReader other = new RingReader(hostile);
            RingCorruptException first =
                    assertThrows(RingCorruptException.class, () -> other.drain(record -> {}, 10));
            assertSame(
                    first,
                    assertThrows(RingCorruptException.class, () -> other.drain(record -> {}, 10)),
                    "it stays corrupt");
            return first;
        }

        private ByteBuffer withRecord(int type, int size, long head) {
            segment.putLong(SimAbi.Ring.HEAD, head);
            segment.putLong(SimAbi.Ring.NEXT_SEQUENCE, 1);
            segment.putInt(4096, size);
            segment.putShort(4100, (short) type);
            return segment;
        }

        @Test
        void aSizeThatIsNoMultipleOf8() {
            assertTrue(corrupt(withRecord(1, 92, 96)).getMessage().contains("92 bytes"));
        }

        @Test
        void aSizeBelowTheHead() {
            assertTrue(corrupt(withRecord(1, 80, 96)).getMessage().contains("80 bytes"));
        }

        @Test
        void aSizeBeyondTheHead() {
            assertTrue(corrupt(withRecord(1, 104, 96)).getMessage().contains("104 bytes"));
        }

        @Test
        void aNegativeSize() {
            assertTrue(corrupt(withRecord(1, -8, 96)).getMessage().contains("4294967288 bytes"));
        }

        @Test
        void paddingBeforeTheEnd() {
            assertTrue(corrupt(withRecord(0, 96, 96)).getMessage().contains("padding"));
        }

        @Test
        void aTypeThatThereIsNot() {
            assertTrue(corrupt(withRecord(32, 96, 96)).getMessage().contains("type 32"));
        }

        @Test
        void aHeadFurtherThanTheRingIsLong() {
            assertTrue(corrupt(withRecord(1, 96, CAPACITY + 8)).getMessage().contains("head"));
        }

        @Test
        void aHeadBehindTheTail() {
            segment.putLong(SimAbi.Ring.TAIL, 96);
            assertTrue(corrupt(withRecord(1, 96, 0)).getMessage().contains("head"));
        }

        @Test
        void aSequenceNumberThatWasNotGivenOut() {
            ByteBuffer ring = withRecord(1, 96, 96);
            ring.putLong(4096 + 8, 1);
            assertTrue(corrupt(ring).getMessage().contains("sequence number 1"));
        }

        @Test
        void aSequenceNumberThatComesTwice() {
            ByteBuffer ring = withRecord(1, 96, 192);
            ring.putInt(4096 + 96, 96);
            ring.putShort(4096 + 100, (short) 1);
            assertTrue(corrupt(ring).getMessage().contains("sequence number 0"));
        }
    }
}
