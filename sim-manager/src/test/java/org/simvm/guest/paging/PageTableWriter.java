// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.SparseGuestMemory;

/** Writes page tables into the RAM of a test, each new table in the next free page. */
public final class PageTableWriter {
    public static final long PRESENT = 1;
    public static final long WRITABLE = 2;
    public static final long USER = 4;
    public static final long NO_EXECUTE = 1L << 63;

    private final SparseGuestMemory memory;
    private final int levels;
    private final long root;
    private long free;

    /** Puts the topmost table at {@code root} and lower ones behind it. */
    public PageTableWriter(SparseGuestMemory memory, long root, int levels) {
        this.memory = memory;
        this.levels = levels;
        this.root = root;
        this.free = root + 4096;
    }

    /** Returns the tables as they are read. */
    public PageTables tables() {
        return new PageTables(memory, root, levels);
    }

    /** Maps one page of 4 KiB, 2 MiB or 1 GiB with these flags; tables above get all rights. */
    public void map(long va, long gpa, TableLevel level, long flags) {
        setEntry(va, level, gpa | flags | PRESENT | (level == TableLevel.PT ? 0 : 1 << 7));
    }

    /** Writes an entry of a level as it is, with the tables that lead to it. */
    public void setEntry(long va, TableLevel level, long value) {
        try {
            long table = root;
            for (int i = levels - 1; i > level.ordinal(); i--) {
                long at = table + 8L * TableLevel.values()[i].indexOf(va);
                long entry = memory.readLong(at);
                if ((entry & PRESENT) == 0) {
                    entry = free | PRESENT | WRITABLE | USER;
                    free += 4096;
                    memory.writeLong(at, entry);
                }
                table = entry & 0x000f_ffff_ffff_f000L;
            }
            memory.writeLong(table + 8L * level.indexOf(va), value);
        } catch (GuestMemoryException e) {
            throw new IllegalStateException(e);
        }
    }
}
