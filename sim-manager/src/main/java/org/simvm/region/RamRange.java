// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.Comparator;
import java.util.List;

/**
 * A run of guest RAM, in guest-physical addresses, as QEMU reports it.
 *
 * @param gpa first guest-physical address, page-aligned
 * @param size bytes, a multiple of the page size, not 0
 */
public record RamRange(long gpa, long size) {
    public RamRange {
        if (gpa < 0 || size <= 0 || (gpa | size) % SimAbi.PAGE_SIZE != 0 || gpa + size < 0) {
            throw new IllegalArgumentException(
                    String.format("not a range of guest RAM: 0x%x, 0x%x bytes", gpa, size));
        }
    }

    /** Sorts ranges by size, as the monitor's configuration has them. */
    static List<RamRange> largestFirst(List<RamRange> ranges) {
        return ranges.stream()
                .sorted(Comparator.comparingLong(RamRange::size).reversed())
                .toList();
    }

    /** Tells the first guest-physical address after the range. */
    public long end() {
        return gpa + size;
    }
}
