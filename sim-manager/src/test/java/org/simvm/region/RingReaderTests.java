// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The host's side of the event ring. */
class RingReaderTests extends RingReaderFixture {
    @Nested
    class Reading {
        @Test
        void handsOverRecordsInOrderWithAllTheirBytes() throws RingCorruptException {
            ByteBuffer record = RingProducer.record(17, 96);
            record.putLong(88, 0x1122334455667788L);
            producer.emit(record);
            producer.emit(RingProducer.record(1, 88));
            List<Integer> types = new ArrayList<>();
            assertEquals(
                    2,
                    reader.drain(
                            each -> {
                                types.add((int) each.getShort(4));
                                assertEquals(each.getInt(0), each.limit());
                                assertEquals(0, each.position());
                                if (each.limit() == 96) {
                                    assertEquals(0x1122334455667788L, each.getLong(88));
                                }
                            },
                            10));
            assertEquals(List.of(17, 1), types);
        }

        @Test
        void stopsAtTheLimitAndGoesOnThere() throws RingCorruptException {
            for (int i = 0; i < 5; i++) {
                producer.emit(RingProducer.record(1, 88));
            }
            assertEquals(3, reader.drain(record -> {}, 3));
            assertEquals(List.of(3L, 4L), drainSequences());
        }

        @Test
        void leavesZerosBehindBeforeTheTailMoves() throws RingCorruptException {
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 9; i++) {
                    ByteBuffer record = RingProducer.record(1, 88 + 8 * i);
                    for (int at = 16; at < record.limit(); at++) {
                        record.put(at, (byte) 0xee);
                    }
                    assertTrue(producer.emit(record));
                }
                assertEquals(9, drainSequences().size());
                dataIsZero();
            }
        }

        @Test
        void waitsForARecordThatIsStillBeingWritten() throws RingCorruptException {
            producer.emit(RingProducer.record(1, 88));
            long held = producer.reserve(88);
            producer.emit(RingProducer.record(1, 88));
            assertEquals(List.of(0L), drainSequences());
            assertEquals(176, reader.statistics().waitingBytes());
            ByteBuffer late = RingProducer.record(1, 88);
            segment.putLong(SimAbi.Ring.NEXT_SEQUENCE, 3);
            late.putLong(8, 2);
            segment.put(4096 + (int) held, late, 0, 88);
            assertEquals(List.of(2L, 1L), drainSequences());
            assertEquals(0, reader.statistics().missing());
        }

        @Test
        void passesOverWhatADeadProducerReservedAndReadsWhatItsSuccessorWrites()
                throws RingCorruptException {
            producer.emit(RingProducer.record(1, 88));
            producer.reserve(88); // dies here
            segment.putLong(SimAbi.Ring.NEXT_SEQUENCE, 2);
            producer.emit(RingProducer.record(1, 88));
            long reserved = segment.getLong(SimAbi.Ring.HEAD);
            producer.emit(RingProducer.record(1, 96)); // the successor, before the reader knows
            assertEquals(List.of(0L), drainSequences());
            reader.abandon(reserved);
            assertEquals(List.of(3L), drainSequences());
            assertEquals(2, reader.statistics().missing());
            assertEquals(segment.getLong(SimAbi.Ring.HEAD), segment.getLong(SimAbi.Ring.TAIL));
            dataIsZero();
            producer.emit(RingProducer.record(1, 88));
            producer.reserve(88);
            assertEquals(List.of(4L), drainSequences());
        }

        @Test
        void doesNotPassOverAnythingThatTheRingDoesNotHold() throws RingCorruptException {
            producer.emit(RingProducer.record(1, 88));
            long held = producer.reserve(88);
            for (long wrong : new long[] {held + 88 + 8, held + 3, -8, Long.MAX_VALUE}) {
                reader.abandon(wrong);
            }
            assertEquals(List.of(0L), drainSequences());
            assertEquals(held, segment.getLong(SimAbi.Ring.TAIL));
        }

        @Test
        void publishesTheTailEvenIfTheSinkFails() throws RingCorruptException {
            producer.emit(RingProducer.record(1, 88));
            assertThrows(
                    IllegalStateException.class,
                    () -> reader.drain(
                            record -> {
                                throw new IllegalStateException("sink");
                            },
                            10));
            assertEquals(88, segment.getLong(SimAbi.Ring.TAIL));
        }
    }

    @Nested
    class Accounting {
        @Test
        void explainsEveryDroppedEvent() throws RingCorruptException {
            int fitted = 0;
            for (int i = 0; i < 100; i++) {
                fitted += producer.emit(RingProducer.record(1 + i % 2, 200)) ? 1 : 0;
            }
            assertEquals(fitted, drainSequences().size());
            producer.emit(RingProducer.record(1, 88));
            drainSequences();
            RingStatistics statistics = reader.statistics();
            assertEquals(fitted + 1, statistics.received());
            assertEquals(101, statistics.nextSequence());
            assertEquals(100 - fitted, statistics.droppedInAll());
            assertEquals(statistics.droppedInAll(), statistics.missing());
            assertEquals(
                    statistics.nextSequence(), statistics.received() + statistics.droppedInAll());
            assertTrue(statistics.dropped().get(1) > 0 && statistics.dropped().get(2) > 0);
        }
    }

    @Nested
    class Concurrency {
        @Test
        @Timeout(60)
        void threeProducersAndASleepingReaderLoseNothingUnexplained() throws Exception {
            int each = 20_000;
            CountDownLatch done = new CountDownLatch(3);
            AtomicInteger fitted = new AtomicInteger();
            for (int t = 0; t < 3; t++) {
                int seed = t;
                new Thread(() -> {
                            Random random = new Random(seed);
                            for (int i = 0; i < each; i++) {
                                ByteBuffer record =
                                        RingProducer.record(1, 88 + 8 * random.nextInt(20));
                                for (int at = 16; at < record.limit(); at++) {
                                    record.put(at, (byte) record.limit());
                                }
                                fitted.addAndGet(producer.emit(record) ? 1 : 0);
                                if (random.nextInt(50) == 0) {
                                    Thread.onSpinWait();
                                }
                            }
                            done.countDown();
                        })
                        .start();
            }
            int read = 0;
            while (done.getCount() > 0 || reader.statistics().waitingBytes() > 0) {
                reader.await(20);
                read += reader.drain(
                        record -> {
                            for (int at = 16; at < record.limit(); at++) {
                                assertEquals((byte) record.limit(), record.get(at));
                            }
                        },
                        1000);
            }
            RingStatistics statistics = reader.statistics();
            assertEquals(fitted.get(), read);
            assertEquals(3L * each, statistics.nextSequence());
            assertEquals(3L * each, statistics.received() + statistics.droppedInAll());
            dataIsZero();
        }

        @Test
        @Timeout(10)
        void sleepsUntilTheDoorbellRings() throws Exception {
            assertFalse(reader.await(1));
            AtomicInteger rung = new AtomicInteger();
            RingProducer ringing = new RingProducer(segment, () -> {
                rung.incrementAndGet();
                reader.wake();
            });
            ringing.emit(RingProducer.record(1, 88));
            assertEquals(0, rung.get(), "a reader that is awake is not rung for");
            assertTrue(reader.await(0), "what is there already needs no doorbell");
            drainSequences();
            Thread guest = new Thread(() -> {
                while (segment.getInt(SimAbi.Ring.READER_SLEEPS) == 0) {
                    Thread.onSpinWait();
                }
                ringing.emit(RingProducer.record(1, 88));
                ringing.emit(RingProducer.record(1, 88));
            });
            guest.start();
            assertTrue(reader.await(0));
            guest.join();
            assertEquals(1, rung.get());
            assertEquals(2, drainSequences().size());
        }

        @Test
        @Timeout(10)
        void canBeWokenForOtherReasons() throws Exception {
            Thread other = new Thread(reader::wake);
            other.start();
            assertTrue(reader.await(0));
            other.join();
        }
    }
}
