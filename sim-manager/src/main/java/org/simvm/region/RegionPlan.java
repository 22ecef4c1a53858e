// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;
import java.util.Map;

/**
 * What goes into a domain's region and how large things are; fixed as long as the domain runs.
 *
 * @param area the guest-physical range that belongs to SIM
 * @param fileSize bytes of the region, a multiple of the page size
 * @param guestMemory bytes of guest RAM at most, hot-pluggable memory included; sizes the page tables
 * @param stackCount calls that can be in the SIM view at once (number of vCPUs is enough), 1..{@value SimAbi#MAX_STACKS}
 * @param ringCapacity bytes of ring data, a power of two, at least 4096
 * @param doorbellPort I/O port the monitor writes to
 * @param gates the gate template
 * @param core core.elf
 * @param monitors in the order of the domain's settings: an index here is {@code sim_event.monitor}
 */
public record RegionPlan(RegionArea area, long fileSize, long guestMemory, int stackCount, long ringCapacity, int doorbellPort,
        GateTemplate gates, MonitorProgram core, List<PlannedMonitor> monitors) {
    public RegionPlan {
        monitors = List.copyOf(monitors);
    }

    /**
     * A monitor and the parameters that the domain's settings give it.
     *
     * @param program the monitor
     * @param parameters name → text
     */
    public record PlannedMonitor(MonitorProgram program, Map<String, String> parameters) {
        public PlannedMonitor {
            parameters = Map.copyOf(parameters);
        }
    }
}
