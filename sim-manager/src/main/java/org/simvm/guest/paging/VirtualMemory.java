// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.LittleEndian;
import org.simvm.guest.memory.SliceVisitor;

/**
 * Reads guest memory by guest-virtual address, across pages.
 *
 * <p>Safe for concurrent use. Multi-byte values are little-endian.
 */
public final class VirtualMemory {
    private final PageTables tables;
    private final GuestMemory memory;

    /** Views the memory that the tables map. */
    public VirtualMemory(PageTables tables) {
        this.tables = Objects.requireNonNull(tables, "tables");
        this.memory = tables.memory();
    }

    /** Returns the page tables that translate for this view. */
    public PageTables tables() {
        return tables;
    }

    /** Returns the physical memory underneath. */
    public GuestMemory memory() {
        return memory;
    }

    /**
     * Returns the guest-physical address of the byte at {@code va}.
     *
     * @throws GuestMemoryException if it is not mapped
     */
    public long physical(long va) throws GuestMemoryException {
        return page(va).gpa();
    }

    /**
     * Copies {@code length} bytes at {@code va} to {@code target} from {@code offset} on.
     *
     * @throws GuestMemoryException if a byte is not mapped or not RAM; {@code target} may then hold
     *     a part
     * @throws IndexOutOfBoundsException if {@code target} has no room
     */
    public void read(long va, byte[] target, int offset, int length) throws GuestMemoryException {
        Objects.checkFromIndexSize(offset, length, target.length);
        ensureNoWrap(va, length);
        for (int done = 0, part; done < length; done += part) {
            Translation page = page(va + done);
            part = (int) Math.min(length - done, left(page));
            memory.read(page.gpa(), target, offset + done, part);
        }
    }

    /** Returns the {@code length} bytes at {@code va}; the caller bounds the length. */
    public byte[] read(long va, int length) throws GuestMemoryException {
        byte[] bytes = new byte[length];
        read(va, bytes, 0, length);
        return bytes;
    }

    /** Returns the 8 bytes at {@code va}. */
    public long readLong(long va) throws GuestMemoryException {
        Translation page = page(va);
        return left(page) >= Long.BYTES
                ? memory.readLong(page.gpa())
                : LittleEndian.getLong(read(va, Long.BYTES), 0);
    }

    /** Returns the 4 bytes at {@code va}. */
    public int readInt(long va) throws GuestMemoryException {
        Translation page = page(va);
        return left(page) >= Integer.BYTES
                ? memory.readInt(page.gpa())
                : LittleEndian.getInt(read(va, Integer.BYTES), 0);
    }

    /** Returns the 2 bytes at {@code va}. */
    public short readShort(long va) throws GuestMemoryException {
        return LittleEndian.getShort(read(va, Short.BYTES), 0);
    }

    /** Returns the byte at {@code va}. */
    public byte readByte(long va) throws GuestMemoryException {
        return memory.readByte(physical(va));
    }

    /**
     * Returns the string at {@code va}, up to its zero byte.
     *
     * @param limit bytes that are looked at; a string that is longer ends there
     * @return the bytes, taken as ISO 8859-1, so that no byte is lost; control characters are the
     *     caller's to treat
     * @throws GuestMemoryException if a byte of the string is not mapped or not RAM
     */
    public String readString(long va, int limit) throws GuestMemoryException {
        byte[] bytes = new byte[Math.min(limit, 256)];
        int length = 0;
        while (length < limit) {
            ensureNoWrap(va, length + 1);
            if (length == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(limit, 2L * bytes.length));
            }
            Translation page = page(va + length);
            int part = (int) Math.min(bytes.length - length, left(page));
            memory.read(page.gpa(), bytes, length, part);
            for (int end = length + part; length < end; length++) {
                if (bytes[length] == 0) {
                    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
                }
            }
        }
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    /**
     * Shows the {@code length} bytes at {@code va} to the visitor, piece by piece and without a
     * copy.
     *
     * <p>Pages that are physical neighbours come as one piece. The visitor learns guest-physical
     * addresses.
     *
     * @throws GuestMemoryException if a byte is not mapped or not RAM; pieces before it may have
     *     been shown
     */
    public void visit(long va, long length, SliceVisitor visitor) throws GuestMemoryException {
        ensureNoWrap(va, length);
        long done = 0;
        while (done < length) {
            Translation page = page(va + done);
            long gpa = page.gpa();
            long part = Math.min(length - done, left(page));
            while (done + part < length) {
                Translation next = page(va + done + part);
                if (next.gpa() != gpa + part) {
                    break;
                }
                part = Math.min(length - done, part + left(next));
            }
            memory.visit(gpa, part, visitor);
            done += part;
        }
    }

    private static void ensureNoWrap(long va, long length) throws GuestMemoryException {
        if (length < 0 || (length > 0 && Long.compareUnsigned(va + (length - 1), va) < 0)) {
            throw new GuestMemoryException(
                    va,
                    String.format(
                            "guest-virtual address 0x%x: %d bytes go past the end of the "
                                    + "address space",
                            va, length));
        }
    }

    private Translation page(long va) throws GuestMemoryException {
        return tables.translate(va)
                .orElseThrow(() -> new GuestMemoryException(
                        va, String.format("guest-virtual address 0x%x is not mapped", va)));
    }

    private static long left(Translation page) {
        return page.pageSize() - (page.va() & (page.pageSize() - 1));
    }
}
