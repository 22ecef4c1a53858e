// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;
import java.util.Optional;

/**
 * Where a region is, in guest-physical memory or in the monitors' process. Secret.
 *
 * @param areaBase first guest-physical address of SIM's area
 * @param areaBytes its size
 * @param areaPageBits how many bits a guess of one page's address in it has to get right
 * @param gateFrame the 1 GiB frame that the guest's kernel maps for the gates
 * @param segments in the order of the region's header
 */
public record LayoutView(
        Address areaBase,
        Address areaBytes,
        double areaPageBits,
        Address gateFrame,
        List<Segment> segments) {
    public LayoutView {
        segments = List.copyOf(segments);
    }

    /**
     * A segment of the region.
     *
     * @param name for people
     * @param role what it is for
     * @param bytes its size
     * @param view the one view that shows it
     * @param access what that view allows: {@code r-x}
     * @param gpa where the view shows it; empty in view {@code process}
     * @param processAddress where the monitors' process has it; empty in the other views, and for
     *     the channel, whose address each process chooses
     */
    public record Segment(
            String name,
            String role,
            long bytes,
            String view,
            String access,
            Optional<Address> gpa,
            Optional<Address> processAddress) {}
}
