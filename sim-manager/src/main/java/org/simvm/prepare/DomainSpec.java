// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.util.UUID;
import org.simvm.region.RegionPlan;
import org.simvm.settings.DomainDescription;
import org.simvm.settings.SimSettings;

/**
 * What a domain's XML asks for, with everything loaded that it names.
 *
 * @param domain its UUID
 * @param description what QEMU is to be started with
 * @param sim what its {@code <sim:sim>} element says
 * @param plan what goes into its region
 */
public record DomainSpec(
        UUID domain, DomainDescription description, SimSettings sim, RegionPlan plan) {
    /** Returns the domain's name. */
    public String name() {
        return description.name();
    }

    /** Tells whether KVM runs the guest, and not QEMU's software emulation. */
    public boolean kvm() {
        return description.type().equals("kvm");
    }
}
