// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;

/**
 * What the plan of guest writes needs to know of a finished region image.
 *
 * @param layout where everything is now, gates included
 * @param simCr3 root of the SIM page tables, 0 with gate {@code EXIT}; secret
 * @param gateFrame guest-physical address of the 1 GiB frame with the gates
 * @param gateVirtualBase guest virtual address at which the kernel's page tables must show
 *     {@code gateFrame}
 * @param gateEntry the 8-byte page-table entry (1 GiB leaf; present, accessed; read-only,
 *     supervisor, executable, not global)
 * @param gatePages guest-physical address of G1; G2 follows it
 * @param fentryEntry guest virtual address that hooks of kind {@code FENTRY} call
 * @param callStubs guest virtual addresses that redirected calls call, filters included, in the
 *     order of {@link BootValues#callTargets()}
 */
public record BootImage(
        RegionLayout layout,
        long simCr3,
        long gateFrame,
        long gateVirtualBase,
        long gateEntry,
        long gatePages,
        long fentryEntry,
        List<Long> callStubs) {
    public BootImage {
        callStubs = List.copyOf(callStubs);
    }
}
