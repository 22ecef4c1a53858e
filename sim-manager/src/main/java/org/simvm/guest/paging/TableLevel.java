// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

/**
 * A level of the page tables, named by the table that holds the entries; the lowest comes first.
 *
 * <p>Linux's names for the entries are {@code pte}, {@code pmd}, {@code pud}, {@code p4d} and, of
 * the topmost level in use, {@code pgd}.
 */
public enum TableLevel {
    /** Page table: entries map 4 KiB each. */
    PT,
    /** Page directory: entries cover 2 MiB each and may map it as one page. */
    PD,
    /** Page-directory-pointer table: entries cover 1 GiB each and may map it as one page. */
    PDPT,
    /** Entries cover 512 GiB each. The root with 4 levels. */
    PML4,
    /** Entries cover 256 TiB each. The root with 5 levels. */
    PML5;

    private static final TableLevel[] LEVELS = values();

    /** Returns how many low bits of a virtual address an entry covers: 12, 21, 30, 39 or 48. */
    public int shift() {
        return 12 + 9 * ordinal();
    }

    /** Returns how many bytes of virtual memory one entry covers. */
    public long coverage() {
        return 1L << shift();
    }

    /** Returns the index, 0 to 511, of the entry for {@code va} in its table. */
    public int indexOf(long va) {
        return (int) (va >>> shift()) & 511;
    }

    /** Tells whether an entry of this level may map a page itself. */
    boolean mayMapPage() {
        return this != PML4 && this != PML5;
    }

    /** Returns the level below. */
    TableLevel lower() {
        return LEVELS[ordinal() - 1];
    }
}
