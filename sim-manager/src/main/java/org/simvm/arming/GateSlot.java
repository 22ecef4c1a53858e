// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.Optional;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.TableEntry;
import org.simvm.guest.paging.TableLevel;

/**
 * Finds the empty entry of the kernel's {@code level3_kernel_pgt} that will map the gates: slot
 * 509, or else 508. Both cover 1 GiB of the hole below the kernel image
 * ({@code Documentation/arch/x86/x86_64/mm.rst}), in reach of a call from its text.
 *
 * @param index 508 or 509
 * @param entryGpa guest-physical address of the entry
 */
record GateSlot(int index, long entryGpa) {
    private static final long HOLE = 0xffffffff00000000L;
    private static final int FIRST = 508;

    /** Finds an empty slot. */
    static GateSlot find(PageTables tables) throws ArmingException, GuestMemoryException {
        StringBuilder taken = new StringBuilder();
        for (int index = FIRST + 1; index >= FIRST; index--) {
            TableEntry entry = entry(tables, index);
            if (entry.value() == 0) {
                return new GateSlot(index, entry.gpa());
            }
            taken.append(String.format(" slot %d holds 0x%x", index, entry.value()));
        }
        throw new ArmingException(
                ArmingFailure.Kind.GATE_MAPPING,
                "the kernel uses the whole hole below its image, where the gates would go:"
                        + taken);
    }

    /** Makes sure that the slot is as it was, seen from other page tables. */
    void ensureEmpty(PageTables tables) throws ArmingException, GuestMemoryException {
        TableEntry entry = entry(tables, index);
        if (entry.gpa() != entryGpa || entry.value() != 0) {
            throw new ArmingException(
                    ArmingFailure.Kind.GATE_MAPPING,
                    String.format(
                            "slot %d of the kernel's page tables was taken while it started: 0x%x",
                            index, entry.value()));
        }
    }

    private static TableEntry entry(PageTables tables, int index)
            throws ArmingException, GuestMemoryException {
        Optional<TableEntry> entry =
                tables.entry(HOLE + (index - FIRST) * TableLevel.PDPT.coverage(), TableLevel.PDPT);
        return entry.orElseThrow(() -> new ArmingException(
                ArmingFailure.Kind.GATE_MAPPING,
                "the kernel's page tables have no table for the addresses below its image"));
    }
}
