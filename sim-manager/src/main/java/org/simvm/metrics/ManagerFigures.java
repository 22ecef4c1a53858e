// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import java.util.List;
import org.simvm.outlets.OutletStatus;

/**
 * What the manager has in memory at one moment.
 *
 * @param version the manager's own
 * @param libvirtConnected whether libvirt is reachable
 * @param domains those under SIM
 * @param outlets those that were ever on
 */
public record ManagerFigures(
        String version,
        boolean libvirtConnected,
        List<DomainFigures> domains,
        List<OutletStatus> outlets) {
    public ManagerFigures {
        domains = List.copyOf(domains);
        outlets = List.copyOf(outlets);
    }

    /** Takes such a snapshot; must ask nobody who may not answer. */
    @FunctionalInterface
    public interface Source {
        /** Takes it. */
        ManagerFigures now();
    }
}
