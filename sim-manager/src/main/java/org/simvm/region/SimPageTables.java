// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Builds the page tables of the SIM world, 4 or 5 levels (Intel SDM vol. 3A, 4.5; AMD APM vol. 2,
 * 5.3). Accessed and dirty bits are set from the start, so no walk ever writes. Everything is
 * supervisor-only, and nothing is global.
 *
 * <p>An entry that forbids writing has no dirty bit: together they would make a shadow-stack page
 * under CET.
 */
final class SimPageTables {
    /** Nothing is mapped below, so a null pointer with any sane offset faults. */
    static final long LOWEST_ADDRESS = 1L << 30;
    /** First address after the lower canonical half of 4 levels. */
    static final long LOWER_HALF_END = 1L << 47;

    static final long PRESENT = 1;
    static final long WRITABLE = 1 << 1;
    static final long ACCESSED = 1 << 5;
    static final long DIRTY = 1 << 6;
    static final long LARGE = 1 << 7;
    static final long NO_EXECUTE = 1L << 63;
    static final long ADDRESS_MASK = 0x000ffffffffff000L;

    private static final long SIZE_2M = 1L << 21;
    private static final long SIZE_1G = 1L << 30;
    private static final int ENTRIES = 512;

    private final int levels;
    private final long gpa;
    private final ByteBuffer tables;
    private int used;

    /**
     * @param levels 4 or 5
     * @param gpa guest-physical address at which the tables will be
     * @param size bytes there is room for
     */
    SimPageTables(int levels, long gpa, long size) {
        this.levels = levels;
        this.gpa = gpa;
        this.tables = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
        this.used = 1;
    }

    /** The root, a CR3 value without PCID. */
    long root() {
        return gpa;
    }

    /** All tables, from the root on; to be written to the segment's start. */
    ByteBuffer bytes() {
        return tables.duplicate().clear();
    }

    /**
     * Tells how many pages the tables of a plan can need at most: for a range of virtual addresses
     * anywhere, the last-level tables it can touch, and two of each upper level, as it may lie
     * across a boundary.
     */
    static long pagesFor(RegionPlan plan, long ringCapacity) {
        long pages = 1 + 2; // root, and with 5 levels a PML4 each for the lower and the upper half
        pages += 2 + 2; // gate: PDPT, PD, and two PTs if G1 and G2 lie across a 2 MiB boundary
        pages += pagesForRange(SimAbi.PAGE_SIZE); // configuration
        pages += pagesForRange(plan.stackCount() * RegionPlan.STACK_STRIDE);
        pages += pagesForRange(SimAbi.PAGE_SIZE + ringCapacity);
        for (MonitorProgram program : plan.programs()) {
            pages += pagesForRange(ProgramImage.span(program));
        }
        // Direct map: RAM and the hole below 4 GiB in 1 GiB pages, and at both ends of each range a
        // PD and a
        // PT of its own.
        long directMap = plan.guestMemory() + (4L << 30);
        return pages + (directMap >>> 39) + 2 + 4L * SimAbi.MAX_RAM_RANGES;
    }

    private static long pagesForRange(long size) {
        return (size + SIZE_2M - 1) / SIZE_2M + 1 + (size + SIZE_1G - 1) / SIZE_1G + 1 + 2;
    }

    /** Maps a segment at its virtual address with the permissions it has. */
    void map(RegionSegment segment) throws RegionException {
        mapSmall(segment.virtualAddress(), segment.gpa(), segment.size(), flags(segment.access()));
    }

    /** Maps 4 KiB pages. */
    void mapSmall(long virtual, long physical, long size, long flags) throws RegionException {
        for (long done = 0; done < size; done += SimAbi.PAGE_SIZE) {
            set(virtual + done, 1, physical + done, flags);
        }
    }

    /**
     * Maps guest RAM so that guest-physical 0 is at {@code base}, which is 1 GiB aligned: the
     * largest pages that lie wholly in RAM.
     */
    void mapDirect(long base, List<RamRange> ram) throws RegionException {
        long flags = flags(Access.READ_WRITE);
        for (RamRange range : ram) {
            long at = range.gpa();
            while (at < range.end()) {
                if (at % SIZE_1G == 0 && range.end() - at >= SIZE_1G) {
                    set(base + at, 3, at, flags | LARGE);
                    at += SIZE_1G;
                } else if (at % SIZE_2M == 0 && range.end() - at >= SIZE_2M) {
                    set(base + at, 2, at, flags | LARGE);
                    at += SIZE_2M;
                } else {
                    set(base + at, 1, at, flags);
                    at += SimAbi.PAGE_SIZE;
                }
            }
        }
    }

    static long flags(Access access) {
        return PRESENT
                | ACCESSED
                | (access.write() ? WRITABLE | DIRTY : 0)
                | (access.execute() ? 0 : NO_EXECUTE);
    }

    /**
     * Sets the entry of the given level (1: PT, 2: PD, 3: PDPT) for an address, making tables on
     * the way.
     */
    private void set(long virtual, int level, long physical, long flags) throws RegionException {
        int table = 0;
        for (int at = levels; at > level; at--) {
            int place = table * SimAbi.PAGE_SIZE + index(virtual, at) * 8;
            long entry = tables.getLong(place);
            if (entry == 0) {
                entry = gpa + allocate() * (long) SimAbi.PAGE_SIZE | PRESENT | WRITABLE | ACCESSED;
                tables.putLong(place, entry);
            } else if ((entry & LARGE) != 0) {
                throw new IllegalStateException("a page is mapped twice");
            }
            table = (int) (((entry & ADDRESS_MASK) - gpa) / SimAbi.PAGE_SIZE);
        }
        int place = table * SimAbi.PAGE_SIZE + index(virtual, level) * 8;
        if (tables.getLong(place) != 0) {
            throw new IllegalStateException("a page is mapped twice");
        }
        tables.putLong(place, physical | flags);
    }

    private static int index(long virtual, int level) {
        return (int) (virtual >>> (12 + 9 * (level - 1))) & ENTRIES - 1;
    }

    private int allocate() throws RegionException {
        if ((used + 1) * SimAbi.PAGE_SIZE > tables.capacity()) {
            throw new RegionException(
                    "the guest has more RAM than its region's page tables have room for ("
                            + tables.capacity()
                            + " bytes); was memory added beyond the domain's <maxMemory>?");
        }
        return used++;
    }
}
