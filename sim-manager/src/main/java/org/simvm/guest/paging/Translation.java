// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

/**
 * What the page tables say of one mapped virtual address.
 *
 * <p>The rights combine those of all levels, as the CPU does; protection keys, SMEP and SMAP are
 * not regarded.
 *
 * @param va the virtual address asked for, or the first one of the page in a visit
 * @param gpa the guest-physical address of the byte at {@code va}; it need not be RAM
 * @param pageSize bytes in the page: 4 KiB, 2 MiB or 1 GiB
 * @param entryGpa guest-physical address of the entry that maps the page
 * @param entry that entry
 * @param writable every entry on the way allows writes
 * @param executable no entry on the way forbids execution (with EFER.NXE set, as Linux does)
 * @param user every entry on the way allows user mode
 */
public record Translation(
        long va,
        long gpa,
        long pageSize,
        long entryGpa,
        long entry,
        boolean writable,
        boolean executable,
        boolean user) {
    /** Returns the first virtual address of the page. */
    public long pageVa() {
        return va & -pageSize;
    }

    /** Returns the guest-physical address of the page. */
    public long pageGpa() {
        return gpa & -pageSize;
    }
}
