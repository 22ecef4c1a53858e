// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Guest RAM of a test: one range from 0 on, of which only pages that were written take memory. */
public final class SparseGuestMemory implements GuestMemory {
    private static final int PAGE = RamBlock.PAGE_SIZE;

    private final long size;
    private final Map<Long, byte[]> pages = new HashMap<>();

    /** Makes zeroed RAM of so many bytes. */
    public SparseGuestMemory(long size) {
        this.size = size;
    }

    /** Writes bytes at a guest-physical address. */
    public void write(long gpa, byte[] bytes) {
        for (int i = 0; i < bytes.length; ) {
            long at = gpa + i;
            int inPage = (int) (at % PAGE);
            int part = Math.min(bytes.length - i, PAGE - inPage);
            System.arraycopy(
                    bytes,
                    i,
                    pages.computeIfAbsent(at / PAGE, page -> new byte[PAGE]),
                    inPage,
                    part);
            i += part;
        }
    }

    /** Writes 8 bytes, little-endian. */
    public void writeLong(long gpa, long value) {
        write(
                gpa,
                ByteBuffer.allocate(Long.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    @Override
    public List<GuestRange> ranges() {
        return List.of(new GuestRange(0, size));
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) throws GuestMemoryException {
        Objects.checkFromIndexSize(offset, length, target.length);
        check(gpa, length);
        for (int i = 0; i < length; ) {
            long at = gpa + i;
            int inPage = (int) (at % PAGE);
            int part = Math.min(length - i, PAGE - inPage);
            byte[] page = pages.get(at / PAGE);
            if (page == null) {
                Arrays.fill(target, offset + i, offset + i + part, (byte) 0);
            } else {
                System.arraycopy(page, inPage, target, offset + i, part);
            }
            i += part;
        }
    }

    @Override
    public void visit(long gpa, long length, SliceVisitor visitor) throws GuestMemoryException {
        check(gpa, length);
        byte[] bytes = new byte[Math.toIntExact(length)];
        read(gpa, bytes, 0, bytes.length);
        visitor.visit(
                gpa, ByteBuffer.wrap(bytes).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN));
    }

    private void check(long gpa, long length) throws GuestMemoryException {
        if (!new GuestRange(0, size).contains(gpa, length)) {
            throw GuestMemoryException.notRam(gpa, length);
        }
    }
}
