// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import org.simvm.control.ControlException;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;

/** Finds the domain that a request names. */
final class Lookup {
    private Lookup() {}

    /**
     * Finds it as virsh does.
     *
     * @throws ControlException there is none
     */
    static ManagedDomain domain(DomainRegistry registry, String named) throws ControlException {
        return registry.find(named)
                .orElseThrow(() -> new ControlException("there is no domain '" + named
                        + "'; 'virt-sim list' shows those there are"));
    }
}
