// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A range of addresses in which things are placed at random, never closer to each other than one
 * page.
 */
final class AddressSpace {
    /**
     * The space is nearly empty (tens of ranges in 2^39 bytes and more), so that a first try nearly
     * always fits.
     */
    private static final int TRIES = 10_000;

    private final long start;
    private final long end;
    private final RandomGenerator random;
    private final List<long[]> taken = new ArrayList<>();

    AddressSpace(long start, long end, RandomGenerator random) {
        this.start = start;
        this.end = end;
        this.random = random;
    }

    /**
     * Keeps later placements out of the range; it may lie partly or wholly outside of the space.
     */
    void take(long address, long size) {
        taken.add(new long[] {address - SimAbi.PAGE_SIZE, address + size + SimAbi.PAGE_SIZE});
    }

    /** Finds a free place, every possible one equally likely, and takes it. */
    long place(long size, long alignment) throws RegionException {
        long first = (start + alignment - 1) / alignment;
        long last = (end - size) / alignment;
        for (int i = 0; i < TRIES && size <= end - start && first <= last; i++) {
            long address = (first + random.nextLong(last - first + 1)) * alignment;
            if (taken.stream()
                    .noneMatch(range -> address < range[1] && range[0] < address + size)) {
                take(address, size);
                return address;
            }
        }
        throw new RegionException(String.format(
                "no room for 0x%x bytes in addresses 0x%x to 0x%x; give the"
                        + " guest's CPU more address bits"
                        + " (<maxphysaddr>) or the guest less memory",
                size, start, end));
    }
}
