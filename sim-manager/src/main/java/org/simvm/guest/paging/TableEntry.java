// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

/**
 * One 64-bit entry of a page table and where it lies.
 *
 * @param level the table's level
 * @param va first virtual address that the entry covers
 * @param gpa guest-physical address of the entry itself
 * @param value the 8 bytes found there, present or not
 */
public record TableEntry(TableLevel level, long va, long gpa, long value) {
    static final long PRESENT = 1;
    static final long WRITABLE = 1 << 1;
    static final long USER = 1 << 2;
    static final long PAGE_SIZE = 1 << 7;
    static final long NO_EXECUTE = 1L << 63;
    static final long ADDRESS = 0x000f_ffff_ffff_f000L;

    /** Tells whether the CPU would use the entry (bit 0). */
    public boolean present() {
        return (value & PRESENT) != 0;
    }

    /**
     * Tells whether the entry is present and maps a page itself, rather than point to a lower
     * table.
     */
    public boolean mapsPage() {
        return present()
                && (level == TableLevel.PT || (level.mayMapPage() && (value & PAGE_SIZE) != 0));
    }

    /**
     * Returns the guest-physical address of the page or lower table that a present entry points to.
     */
    public long target() {
        return mapsPage() ? value & ADDRESS & -level.coverage() : value & ADDRESS;
    }
}
