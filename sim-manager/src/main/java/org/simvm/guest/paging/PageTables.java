// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

import java.util.Objects;
import java.util.Optional;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.LittleEndian;

/**
 * The page tables below one CR3.
 *
 * <p>Holds no state but its root: each call reads the tables anew. Safe for concurrent use.
 */
public final class PageTables {
    private static final int ENTRIES = 512;
    private static final int TABLE_SIZE = ENTRIES * Long.BYTES;

    private final GuestMemory memory;
    private final long root;
    private final TableLevel top;

    /**
     * Names the tables; nothing is read yet.
     *
     * @param memory the guest's RAM
     * @param cr3 the register's value; flags and PCID in the low 12 bits and the high 12 bits are
     *     ignored
     * @param levels 4, or 5 if CR4.LA57 (bit 12) is set
     */
    public PageTables(GuestMemory memory, long cr3, int levels) {
        this.memory = Objects.requireNonNull(memory, "memory");
        this.root = cr3 & TableEntry.ADDRESS;
        this.top = switch (levels) {
            case 4 -> TableLevel.PML4;
            case 5 -> TableLevel.PML5;
            default ->
                throw new IllegalArgumentException("page tables have 4 or 5 levels, not " + levels);
        };
    }

    /**
     * Returns the tables for the values of CR3 and CR4 that QEMU reports; CR4.LA57 tells the depth.
     */
    public static PageTables of(GuestMemory memory, long cr3, long cr4) {
        return new PageTables(memory, cr3, (cr4 & 1L << 12) != 0 ? 5 : 4);
    }

    /** Returns the guest-physical address of the topmost table. */
    public long root() {
        return root;
    }

    /** Returns the number of levels, 4 or 5. */
    public int levels() {
        return top.ordinal() + 1;
    }

    /** Returns the level of the topmost table. */
    public TableLevel top() {
        return top;
    }

    /** Returns the memory that holds the tables. */
    public GuestMemory memory() {
        return memory;
    }

    /**
     * Tells whether {@code va} is canonical: all bits above the translated ones equal the highest
     * of those.
     */
    public boolean canonical(long va) {
        int unused = 64 - (top.shift() + 9);
        return va << unused >> unused == va;
    }

    /**
     * Returns what {@code va} maps to, or nothing if it is not mapped or not canonical.
     *
     * @throws GuestMemoryException if a table on the way is not in guest RAM
     */
    public Optional<Translation> translate(long va) throws GuestMemoryException {
        if (!canonical(va)) {
            return Optional.empty();
        }
        long table = root;
        long all = TableEntry.WRITABLE | TableEntry.USER;
        long any = 0;
        for (TableLevel level = top; ; level = level.lower()) {
            TableEntry entry = read(level, table, va);
            if (!entry.present()) {
                return Optional.empty();
            }
            all &= entry.value();
            any |= entry.value();
            if (entry.mapsPage()) {
                long inside = va & (level.coverage() - 1);
                return Optional.of(new Translation(
                        va,
                        entry.target() | inside,
                        level.coverage(),
                        entry.gpa(),
                        entry.value(),
                        (all & TableEntry.WRITABLE) != 0,
                        (any & TableEntry.NO_EXECUTE) == 0,
                        (all & TableEntry.USER) != 0));
            }
            table = entry.target();
        }
    }

    /**
     * Finds the entry for {@code va} in the table of the given level, present or not.
     *
     * <p>For instance {@code entry(0xffffffff40000000L, TableLevel.PDPT)} is slot 509 of Linux's
     * {@code level3_kernel_pgt}.
     *
     * @return the entry, or nothing if there is no such table: {@code va} is not canonical, the
     *     tables have fewer levels, or a higher entry is not present or maps a page itself
     * @throws GuestMemoryException if a table on the way is not in guest RAM
     */
    public Optional<TableEntry> entry(long va, TableLevel wanted) throws GuestMemoryException {
        if (wanted.compareTo(top) > 0 || !canonical(va)) {
            return Optional.empty();
        }
        long table = root;
        TableLevel level = top;
        while (level != wanted) {
            TableEntry entry = read(level, table, va);
            if (!entry.present() || entry.mapsPage()) {
                return Optional.empty();
            }
            table = entry.target();
            level = level.lower();
        }
        return Optional.of(read(level, table, va));
    }

    private TableEntry read(TableLevel level, long table, long va) throws GuestMemoryException {
        long gpa = table + (long) level.indexOf(va) * Long.BYTES;
        return new TableEntry(level, va & -level.coverage(), gpa, memory.readLong(gpa));
    }

    /**
     * Shows every mapped page that has a byte in {@code first} up to and with {@code last} to the
     * visitor.
     *
     * @param first first virtual address, unsigned
     * @param last last virtual address, not below {@code first}
     * @param tableLimit how many tables are read at most; hostile tables can share and so name 2^36
     *     pages in 16 KiB
     * @throws GuestMemoryException if a table is not in guest RAM, or the limit is reached
     */
    public void visit(long first, long last, int tableLimit, PageVisitor visitor)
            throws GuestMemoryException {
        if (Long.compareUnsigned(first, last) > 0) {
            throw new IllegalArgumentException(
                    String.format("range 0x%x..0x%x ends before it begins", first, last));
        }
        new Visit(first, last, tableLimit, visitor)
                .table(top, root, 0, TableEntry.WRITABLE | TableEntry.USER, 0);
    }

    /** One visit of a range, with what is left of its limit. */
    private final class Visit {
        private final long first;
        private final long last;
        private final int tableLimit;
        private final PageVisitor visitor;
        private int tablesRead;

        Visit(long first, long last, int tableLimit, PageVisitor visitor) {
            this.first = first;
            this.last = last;
            this.tableLimit = tableLimit;
            this.visitor = visitor;
        }

        /** Visits a table; returns false to end it all. Recurses at most once for each level. */
        boolean table(TableLevel level, long table, long base, long all, long any)
                throws GuestMemoryException {
            if (tablesRead++ >= tableLimit) {
                throw new GuestMemoryException(
                        table,
                        String.format(
                                "page tables at 0x%x: virtual range 0x%x..0x%x needs more "
                                        + "than %d tables",
                                root, first, last, tableLimit));
            }
            byte[] entries = new byte[TABLE_SIZE];
            memory.read(table, entries, 0, TABLE_SIZE);
            for (int i = 0; i < ENTRIES; i++) {
                long value = LittleEndian.getLong(entries, i * Long.BYTES);
                long va = signExtend(base + i * level.coverage());
                if ((value & TableEntry.PRESENT) == 0 || outside(va, level)) {
                    continue;
                }
                TableEntry entry = new TableEntry(level, va, table + (long) i * Long.BYTES, value);
                long allNow = all & value;
                long anyNow = any | value;
                boolean goOn = entry.mapsPage()
                        ? visitor.visit(new Translation(
                                va,
                                entry.target(),
                                level.coverage(),
                                entry.gpa(),
                                value,
                                (allNow & TableEntry.WRITABLE) != 0,
                                (anyNow & TableEntry.NO_EXECUTE) == 0,
                                (allNow & TableEntry.USER) != 0))
                        : table(level.lower(), entry.target(), va, allNow, anyNow);
                if (!goOn) {
                    return false;
                }
            }
            return true;
        }

        private boolean outside(long va, TableLevel level) {
            return Long.compareUnsigned(va, last) > 0
                    || Long.compareUnsigned(va + (level.coverage() - 1), first) < 0;
        }

        private long signExtend(long va) {
            int unused = 64 - (top.shift() + 9);
            return va << unused >> unused;
        }
    }
}
