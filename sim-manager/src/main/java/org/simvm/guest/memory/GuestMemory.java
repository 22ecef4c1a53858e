// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.util.List;

/**
 * Reads guest RAM by guest-physical address.
 *
 * <p>Implementations are safe for concurrent use. All multi-byte values are little-endian and need
 * no alignment, but only naturally aligned ones are read in one access; the guest may run while it
 * is read. A read that is not wholly inside RAM fails as a whole. Addresses may be any
 * {@code long}: hostile tables hold hostile addresses.
 */
public interface GuestMemory {
    /** Returns the ranges that are RAM, in rising order, without overlap; neighbours may touch. */
    List<GuestRange> ranges();

    /**
     * Copies {@code length} bytes at guest-physical address {@code gpa} to {@code target} from
     * {@code offset} on.
     *
     * @throws GuestMemoryException if one of the bytes is not RAM, or the memory has been closed;
     *     {@code target} may then hold a part
     * @throws IndexOutOfBoundsException if {@code target} has no room
     */
    void read(long gpa, byte[] target, int offset, int length) throws GuestMemoryException;

    /**
     * Shows the {@code length} bytes at guest-physical address {@code gpa} to the visitor, piece by
     * piece in rising order and without a copy; for digests and searches.
     *
     * <p>Reading a page that the guest never touched may make the host allocate it: visit what page
     * tables map, not all of RAM.
     *
     * @throws GuestMemoryException if one of the bytes is not RAM (before the first piece is
     *     shown), or the memory has been closed, so that pieces shown so far may have been wrong
     */
    void visit(long gpa, long length, SliceVisitor visitor) throws GuestMemoryException;

    /** Returns the 8 bytes at {@code gpa}. */
    default long readLong(long gpa) throws GuestMemoryException {
        return LittleEndian.getLong(readSmall(gpa, Long.BYTES), 0);
    }

    /** Returns the 4 bytes at {@code gpa}. */
    default int readInt(long gpa) throws GuestMemoryException {
        return LittleEndian.getInt(readSmall(gpa, Integer.BYTES), 0);
    }

    /** Returns the 2 bytes at {@code gpa}. */
    default short readShort(long gpa) throws GuestMemoryException {
        return LittleEndian.getShort(readSmall(gpa, Short.BYTES), 0);
    }

    /** Returns the byte at {@code gpa}. */
    default byte readByte(long gpa) throws GuestMemoryException {
        return readSmall(gpa, Byte.BYTES)[0];
    }

    private byte[] readSmall(long gpa, int length) throws GuestMemoryException {
        byte[] bytes = new byte[length];
        read(gpa, bytes, 0, length);
        return bytes;
    }
}
