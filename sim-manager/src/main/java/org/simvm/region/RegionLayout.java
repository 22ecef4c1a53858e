// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;

/**
 * Where everything in a region is, for one boot of the guest. Secret: never log addresses, never
 * put them into the guest.
 *
 * @param area the guest-physical range that belongs to SIM
 * @param fileSize bytes of the region file
 * @param gateFrame guest-physical address of the 1 GiB frame that the guest's kernel maps; G1 and
 *     G2 lie in it
 * @param segments in the order of the header's table
 */
public record RegionLayout(
        RegionArea area, long fileSize, long gateFrame, List<RegionSegment> segments) {
    public RegionLayout {
        segments = List.copyOf(segments);
    }

    /** Finds the one segment with a role that occurs once (any but {@code PROGRAM}). */
    public RegionSegment segment(RegionSegment.Role role) {
        return segments.stream()
                .filter(segment -> segment.role() == role)
                .findFirst()
                .orElseThrow();
    }

    @Override
    public String toString() {
        return "region of " + fileSize + " bytes: " + segments;
    }
}
