// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;
import java.util.Map;

/**
 * What is known only once the guest's kernel runs, and what the region therefore gets at arming.
 *
 * @param pagingLevels 4 or 5 (CR4.LA57 of the guest)
 * @param ram guest RAM as QEMU reports it, 1..{@value SimAbi#MAX_RAM_RANGES} ranges, no overlap,
 *     outside the SIM area
 * @param pageOffset the guest's own direct map ({@code page_offset_base})
 * @param currentTaskOffset per-CPU offset of the current task pointer, for {@code %gs:disp32}
 * @param kernelText guest virtual addresses from which the gate is called: every hook's site lies
 *     in it
 * @param gateSlot index in {@code level3_kernel_pgt} that is empty and gets the gate's 1 GiB leaf,
 *     508 or 509
 * @param callTargets for each hook of kind {@code CALL}, in the order of {@code hooks}, the
 *     function that the redirected call called before
 * @param hooks at most {@value SimAbi#MAX_HOOKS}, with different return addresses
 * @param slots values for all slots of all programs by name, but those that
 *     {@link SlotDeclaration#filledByRegion()}
 */
public record BootValues(
        int pagingLevels,
        List<RamRange> ram,
        long pageOffset,
        int currentTaskOffset,
        KernelText kernelText,
        int gateSlot,
        List<Long> callTargets,
        List<ArmedHook> hooks,
        Map<String, Long> slots) {
    public BootValues {
        ram = List.copyOf(ram);
        callTargets = List.copyOf(callTargets);
        hooks = List.copyOf(hooks);
        slots = Map.copyOf(slots);
    }

    /**
     * The part of the guest kernel that calls the gate.
     *
     * @param start first guest virtual address
     * @param end first one after it
     */
    public record KernelText(long start, long end) {}

    /**
     * A hook whose site in the guest has been found.
     *
     * @param monitor index in {@link RegionPlan#monitors()}
     * @param declaration the monitor's own
     * @param returnAddress what the call at the site pushes: address of the site plus 5
     */
    public record ArmedHook(int monitor, HookDeclaration declaration, long returnAddress) {}
}
