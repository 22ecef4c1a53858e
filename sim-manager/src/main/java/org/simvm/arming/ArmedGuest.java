// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.List;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.paging.PageTables;
import org.simvm.region.BootImage;
import org.simvm.region.RegionFile;

/**
 * An armed guest: what was found, what was written, how long it was paused.
 *
 * @param kernel as resolved at the boot stop
 * @param memory guest RAM; closed when QEMU is gone
 * @param kernelTables the page tables of {@code init_mm}
 * @param vcpus where the registers of the virtual CPUs can be had
 * @param lstar value of {@code MSR_LSTAR} at the boot stop
 * @param region the region file, for reading segments
 * @param image what was mapped; secret
 * @param gateEntryGpa guest-physical address of the page-table entry that maps the gates
 * @param hooks in the order of monitors and their declarations
 * @param patchable places in the text that the kernel itself patches while it runs, in rising
 *     order, without overlap
 * @param steps how long each step took; complete only once {@link ArmingListener#armed} is called
 */
public record ArmedGuest(
        Kernel kernel,
        GuestMemory memory,
        PageTables kernelTables,
        VcpuSource vcpus,
        long lstar,
        RegionFile region,
        BootImage image,
        long gateEntryGpa,
        List<HookSite> hooks,
        List<PatchSite> patchable,
        List<StepTime> steps) {
    public ArmedGuest {
        hooks = List.copyOf(hooks);
        patchable = List.copyOf(patchable);
        steps = List.copyOf(steps);
    }

    /** Returns how long the guest was paused in all, in milliseconds. */
    public double pausedMilliseconds() {
        return steps.stream()
                .filter(StepTime::guestPaused)
                .mapToDouble(StepTime::milliseconds)
                .sum();
    }

    /** Names kernel, hooks and pause; no secret addresses. */
    @Override
    public String toString() {
        return String.format(
                "Linux %s, %d hooks, paused %.1f ms",
                kernel.version(), hooks.size(), pausedMilliseconds());
    }
}
