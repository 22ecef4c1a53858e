// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.simvm.region.SimAbi.Event;
import org.simvm.region.SimAbi.Ring;

/**
 * The ring's only consumer, by the protocol of {@code sim_abi.h}. One thread drains and sleeps;
 * {@link #wake()} and {@link #statistics()} may come from any.
 *
 * <p>Nothing in the ring is trusted: a size that is no multiple of 8, too small, too large or
 * beyond the head, a head that jumps, or a sequence number that can't be ends the reading with
 * {@link RingCorruptException}.
 */
public final class RingReader {
    /** Takes one record. */
    @FunctionalInterface
    public interface RecordSink {
        /**
         * Called for each record, in ring order.
         *
         * @param record a private copy, little-endian, from position 0 (head of the record) to its
         *     limit (the record's size); valid until the call returns
         */
        void record(ByteBuffer record);

        /**
         * Called before records are given back to the monitor, with those that were handed over
         * since the last time: a process that is killed before it returns has them handed to its
         * successor again, one that is killed later has not. What must not be lost is to be put
         * where it survives this process.
         */
        default void settle() {}
    }

    /** Most bytes of a record; monitors cut texts long before. */
    static final int MAX_RECORD_SIZE = 64 << 10;
    /** A padding record needs its size and type, no more. */
    private static final int MIN_PAD_SIZE = 8;

    private static final VarHandle LONG =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] ZEROS = new byte[MAX_RECORD_SIZE];

    private final ByteBuffer control;
    private final ByteBuffer data;
    private final int capacity;
    private final byte[] copy = new byte[MAX_RECORD_SIZE];
    private final ByteBuffer record = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    private final SequenceLedger ledger;
    private final Semaphore doorbell = new Semaphore(0);

    /** Bytes read. The one in the ring is only told, never asked. */
    private long tail;

    private long published;
    private long head;
    private long sequences;
    private RingCorruptException corrupt;
    private final AtomicLong receivedBytes = new AtomicLong();
    /** What was reserved below this, and is not complete, never will be. */
    private long abandoned;

    /**
     * @param segment the ring segment: {@code struct sim_ring} in the first page, then data of a
     *     power of two bytes
     */
    RingReader(ByteBuffer segment) {
        this.control = segment.slice(0, SimAbi.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        this.data = segment.slice(SimAbi.PAGE_SIZE, segment.capacity() - SimAbi.PAGE_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN);
        this.capacity = data.capacity();
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("ring data of " + capacity + " bytes");
        }
        this.ledger = new SequenceLedger(resume());
    }

    /**
     * Goes on where an earlier manager stopped, even in the middle of a batch: what it had taken
     * may be zeroed already.
     *
     * @return whether the ring is new, so that sequence numbers start at 0
     */
    private boolean resume() {
        tail = (long) LONG.getAcquire(control, Ring.TAIL);
        published = tail;
        head = tail;
        long taken = (long) LONG.getAcquire(control, Ring.TAKEN);
        long reserved = (long) LONG.getAcquire(control, Ring.HEAD) - tail;
        if (taken - tail > 0
                && taken - tail <= Math.min(reserved, capacity)
                && taken % 8 == 0
                && tail % 8 == 0) {
            tail = taken;
            head = tail;
            publish();
        }
        return tail == 0;
    }

    /**
     * Hands over the records that are there, at most {@code limit}; returns how many, without
     * waiting.
     *
     * @throws RingCorruptException on a record that no monitor writes; every later call throws it
     *     again
     */
    public synchronized int drain(RecordSink sink, int limit) throws RingCorruptException {
        if (corrupt != null) {
            throw corrupt;
        }
        int count = 0;
        try {
            while (count < limit) {
                if (tail == head && !loadHead()) {
                    break;
                }
                int offset = (int) (tail & capacity - 1);
                int size = (int) INT.getAcquire(data, offset);
                if (size == 0) {
                    if (abandoned - tail > 0) {
                        skipAbandoned();
                        continue;
                    }
                    break;
                }
                int type = take(offset, size);
                if (type != Event.PAD) {
                    count++;
                    sink.record(record);
                }
                if (tail - published >= capacity / 8) {
                    release(sink);
                }
            }
        } catch (RingCorruptException error) {
            corrupt = error;
            throw error;
        } finally {
            release(sink);
        }
        return count;
    }

    /**
     * Gives up what dead producers left unfinished: a record that was reserved and never completed
     * would hold up all that follow it. What comes behind it and was reserved by them is lost too;
     * the gap in the sequence shows it.
     *
     * @param reserved {@link RegionFile#ringReserved} at a moment when no producer was alive
     */
    public synchronized void abandon(long reserved) {
        long head = (long) LONG.getAcquire(control, Ring.HEAD);
        if (reserved - tail > 0
                && head - reserved >= 0
                && head - tail <= capacity
                && reserved % 8 == 0) {
            abandoned = reserved;
        }
    }

    private void skipAbandoned() {
        tail = abandoned;
        if (head - tail < 0) {
            head = tail;
        }
    }

    private boolean loadHead() throws RingCorruptException {
        long seen = (long) LONG.getAcquire(control, Ring.HEAD);
        if (seen - tail < 0 || seen - tail > capacity || seen % 8 != 0) {
            throw new RingCorruptException(String.format(
                    "event ring: head 0x%x does not follow tail 0x%x" + " in %d bytes",
                    seen, tail, capacity));
        }
        head = seen;
        return head != tail;
    }

    /** Copies a record, checks the copy and moves on; returns the type. */
    private int take(int offset, int size) throws RingCorruptException {
        // Compared unsigned, a negative size is a large one.
        if (size % 8 != 0
                || Integer.compareUnsigned(size, capacity - offset) > 0
                || Long.compareUnsigned(size & 0xffffffffL, head - tail) > 0) {
            throw fault(offset, "a size of " + Integer.toUnsignedString(size) + " bytes");
        }
        int type = data.getShort(offset + Event.TYPE_OFFSET) & 0xffff;
        if (type == Event.PAD) {
            if (size < MIN_PAD_SIZE || size != capacity - offset) {
                throw fault(offset, "padding that does not reach the end");
            }
        } else {
            if (size < Event.HEAD_SIZE || size > MAX_RECORD_SIZE) {
                throw fault(offset, "a size of " + size + " bytes");
            }
            data.get(offset, copy, 0, size);
            record.clear().limit(size);
            // What was checked is what is handed on, even if the original changed in between.
            record.putInt(Event.SIZE_OFFSET, size);
            record.putShort(Event.TYPE_OFFSET, (short) type);
            if (type >= Event.TYPES) {
                throw fault(offset, "type " + type);
            }
            account(offset, record.getLong(Event.SEQUENCE_OFFSET));
            receivedBytes.addAndGet(size);
        }
        tail += size;
        return type;
    }

    private void account(int offset, long sequence) throws RingCorruptException {
        if (sequence - sequences >= 0) {
            sequences = (long) LONG.getAcquire(control, Ring.NEXT_SEQUENCE);
        }
        if (sequence < 0 || sequence >= sequences || !ledger.see(sequence)) {
            throw fault(
                    offset,
                    "sequence number " + Long.toUnsignedString(sequence)
                            + ", which is not yet given out or seen before");
        }
    }

    private RingCorruptException fault(int offset, String what) {
        return new RingCorruptException("event ring: a record at " + offset + " with " + what
                + ", which no monitor writes");
    }

    private void zero(int offset, int size) {
        for (int done = 0; done < size; done += ZEROS.length) {
            data.put(offset + done, ZEROS, 0, Math.min(ZEROS.length, size - done));
        }
    }

    /** Gives what was taken back to the monitor, when it is safe with the sink. */
    private void release(RecordSink sink) {
        if (tail != published) {
            sink.settle();
            publish();
        }
    }

    /** Zeroes what was taken and gives it back to the monitor. */
    private void publish() {
        // Noted before the zeroing: a manager killed in between would leave zeros at the tail,
        // which look
        // like a record in the making.
        LONG.setRelease(control, Ring.TAKEN, tail);
        while (published != tail) {
            int offset = (int) (published & capacity - 1);
            int size = (int) Math.min(tail - published, capacity - offset);
            zero(offset, size);
            published += size;
        }
        LONG.setRelease(control, Ring.TAIL, tail);
    }

    /**
     * Waits until there is a record, {@link #wake()} is called, or the time is over. Tells the
     * monitor that the reader sleeps, so that it rings the doorbell, and looks once more before it
     * does.
     *
     * @param milliseconds 0: for ever
     * @return false if the time is over
     */
    public boolean await(long milliseconds) throws InterruptedException {
        INT.setVolatile(control, Ring.READER_SLEEPS, 1);
        // The store must be seen before the look: the monitor commits, then exchanges the flag. One
        // of the
        // two sees the other.
        VarHandle.fullFence();
        try {
            if (corrupt != null || isReady()) {
                return true;
            }
            if (milliseconds == 0) {
                doorbell.acquire();
                return true;
            }
            return doorbell.tryAcquire(milliseconds, TimeUnit.MILLISECONDS);
        } finally {
            doorbell.drainPermits();
            INT.setVolatile(control, Ring.READER_SLEEPS, 0);
        }
    }

    private synchronized boolean isReady() {
        return abandoned - tail > 0
                || ((long) LONG.getAcquire(control, Ring.HEAD) != tail
                        && (int) INT.getAcquire(data, (int) (tail & (capacity - 1))) != 0);
    }

    /**
     * Wakes {@link #await}: call it on the QMP event {@code SIM_DOORBELL}, and to make the drain
     * thread look up.
     */
    public void wake() {
        if (doorbell.availablePermits() == 0) {
            doorbell.release();
        }
    }

    /** Takes stock; figures of one moment only when nothing is in flight. */
    public RingStatistics statistics() {
        List<Long> dropped = new ArrayList<>(Event.TYPES);
        for (int type = 0; type < Event.TYPES; type++) {
            dropped.add((long) LONG.getAcquire(control, Ring.DROPPED + type * 8));
        }
        long reserved = (long) LONG.getAcquire(control, Ring.HEAD)
                - (long) LONG.getAcquire(control, Ring.TAIL);
        return new RingStatistics(
                ledger.seen(),
                receivedBytes.get(),
                (long) LONG.getAcquire(control, Ring.NEXT_SEQUENCE),
                dropped,
                ledger.missing(),
                Math.max(0, reserved),
                (long) LONG.getAcquire(control, Ring.CALLS),
                (long) LONG.getAcquire(control, Ring.UNKNOWN_CALLS));
    }
}
