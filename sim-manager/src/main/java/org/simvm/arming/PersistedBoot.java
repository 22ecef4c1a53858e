// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.List;
import org.simvm.guest.kernel.PatchSite;

/**
 * What a manager that takes over an armed guest can't find out any more.
 *
 * @param lstar value of {@code MSR_LSTAR} at the boot stop
 * @param root guest-physical address of the topmost page table of {@code init_mm}
 * @param levels of page tables, 4 or 5
 * @param gateEntryGpa guest-physical address of the page-table entry that maps the gates
 * @param gateEntry its value
 * @param gateFrame guest-physical address of the 1 GiB frame with the gates
 * @param gateVirtualBase guest virtual address of that frame
 * @param gatePages guest-physical address of the gate's first page
 * @param hooks as they were written
 * @param patchable places that the kernel patches itself
 */
public record PersistedBoot(
        long lstar,
        long root,
        int levels,
        long gateEntryGpa,
        long gateEntry,
        long gateFrame,
        long gateVirtualBase,
        long gatePages,
        List<Hook> hooks,
        List<PatchSite> patchable) {
    public PersistedBoot {
        hooks = List.copyOf(hooks);
        patchable = List.copyOf(patchable);
    }

    /**
     * A hook as it was written.
     *
     * @param monitor index in the region's plan
     * @param id the monitor's own of the hook
     * @param symbol function and offset
     * @param address guest virtual address
     * @param gpa guest-physical address
     * @param original bytes before
     * @param call bytes since
     */
    @SuppressWarnings("ArrayRecordComponent") // read once and handed on, never compared
    public record Hook(
            int monitor,
            int id,
            String symbol,
            long address,
            long gpa,
            byte[] original,
            byte[] call) {}
}
