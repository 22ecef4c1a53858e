// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The producers' side of the ring, by the protocol of sim_abi.h; any number of threads may emit.
 */
public final class RingProducer {
    private static final VarHandle LONG =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final ByteBuffer ring;
    private final int capacity;
    private final Runnable doorbell;

    /** Writes into a ring segment; rings when the reader sleeps. */
    public RingProducer(ByteBuffer segment, Runnable doorbell) {
        this.ring = segment.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        this.capacity = segment.capacity() - 4096;
        this.doorbell = doorbell;
    }

    /** A ring segment in memory, all zeros. */
    public static ByteBuffer segment(int capacity) {
        return ByteBuffer.allocateDirect(4096 + capacity + 4096)
                .alignedSlice(4096)
                .slice(0, 4096 + capacity);
    }

    /** A record's bytes: head with this type and size, the rest zero. */
    static ByteBuffer record(int type, int size) {
        ByteBuffer record = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        record.putInt(0, size);
        record.putShort(4, (short) type);
        return record;
    }

    /** Emits a record with the next sequence number; returns whether it fitted. */
    public boolean emit(ByteBuffer record) {
        int size = record.limit();
        int type = record.getShort(4);
        record.putLong(8, (long) LONG.getAndAdd(ring, SimAbi.Ring.NEXT_SEQUENCE, 1L));
        long position = reserve(size);
        if (position < 0) {
            LONG.getAndAdd(ring, SimAbi.Ring.DROPPED + type * 8, 1L);
            return false;
        }
        int at = 4096 + (int) (position & capacity - 1);
        ring.put(at + 4, record, 4, size - 4);
        INT.setRelease(ring, at, size);
        VarHandle.fullFence();
        if ((int) INT.getVolatile(ring, SimAbi.Ring.READER_SLEEPS) != 0
                && (int) INT.getAndSet(ring, SimAbi.Ring.READER_SLEEPS, 0) == 1) {
            doorbell.run();
        }
        return true;
    }

    /** Reserves without writing: a producer that is held up. */
    long reserve(int size) {
        while (true) {
            long head = (long) LONG.getAcquire(ring, SimAbi.Ring.HEAD);
            long tail = (long) LONG.getAcquire(ring, SimAbi.Ring.TAIL);
            int offset = (int) (head & capacity - 1);
            int pad = offset + size > capacity ? capacity - offset : 0;
            if (head - tail > capacity) {
                continue;
            }
            if (pad + size > capacity - (head - tail)) {
                return -1;
            }
            if (LONG.compareAndSet(ring, SimAbi.Ring.HEAD, head, head + pad + size)) {
                if (pad > 0) {
                    ring.putInt(4096 + offset + 4, 0);
                    INT.setRelease(ring, 4096 + offset, pad);
                }
                return head + pad;
            }
        }
    }
}
