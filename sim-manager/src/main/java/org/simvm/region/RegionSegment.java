// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * One segment of a region: a part of the file, where views show it, and where the SIM page tables
 * map it.
 *
 * @param role what it is for
 * @param name for people: {@code "ring"}, {@code "syscalls r-x"}
 * @param offset in the region file, page-aligned
 * @param size bytes, a multiple of the page size
 * @param gpa guest-physical address, page-aligned; secret but for the gate's. In view
 *     {@code PROCESS} the same as {@code virtualAddress}
 * @param view the one view that shows it
 * @param access what that view allows
 * @param virtualAddress where the SIM page tables, or the monitors' process, map it; 0 if they
 *     don't (page tables; gates before the guest has booted; the call channel); secret
 */
public record RegionSegment(
        Role role,
        String name,
        long offset,
        long size,
        long gpa,
        View view,
        Access access,
        long virtualAddress) {

    /**
     * What a segment is for; the order is that of the header's table, so that a restarted manager
     * finds its way. The call channel is not in the table: the header has a field of its own for
     * it.
     */
    public enum Role {
        GATE_ENTRY,
        GATE_ENTRY_SIM,
        GATE_INNER,
        CONFIGURATION,
        PAGE_TABLES,
        STACKS,
        RING,
        CHANNEL,
        PROGRAM
    }

    /** Leaves out the addresses, which must not end in a log that a guest's administrator reads. */
    @Override
    public String toString() {
        return name + " (" + size + " bytes, " + access + ", " + view + " view)";
    }
}
