// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/** How large a region must be, and how much of it is left for the ring. */
public final class RegionSize {
    static final long CHANNEL_SIZE = Pages.roundUp(SimAbi.Channel.SIZE);

    private RegionSize() {}

    /** Returns the bytes that a region with these monitors must have at least. */
    public static long requiredSize(RegionPlan plan) {
        return sizeWithRing(plan, RegionPlan.MIN_RING_CAPACITY);
    }

    /**
     * Returns the bytes of ring data in a region of this size: a power of two.
     *
     * @throws RegionException if the region is too small for its monitors, or too large
     */
    public static long ringCapacity(RegionPlan plan) throws RegionException {
        if (plan.fileSize() < requiredSize(plan)) {
            throw new RegionException(String.format(
                    "the region of %d KiB is too small: these monitors and"
                            + " %d stacks need %d KiB;"
                            + " raise the size of <sim:region> in the domain's settings (%d "
                            + "MiB will do)",
                    plan.fileSize() >> 10,
                    plan.stackCount(),
                    (requiredSize(plan) + 1023) >> 10,
                    (requiredSize(plan) + (1 << 20) - 1) >> 20));
        }
        if (plan.fileSize() > RegionPlan.MAX_FILE_SIZE) {
            throw new RegionException(String.format(
                    "the region of %d MiB is too large: at most %d MiB can"
                            + " be used; lower the size of"
                            + " <sim:region> in the domain's settings",
                    plan.fileSize() >> 20, RegionPlan.MAX_FILE_SIZE >> 20));
        }
        long capacity = RegionPlan.MIN_RING_CAPACITY;
        while (sizeWithRing(plan, capacity * 2) <= plan.fileSize()) {
            capacity *= 2;
        }
        return capacity;
    }

    private static long sizeWithRing(RegionPlan plan, long capacity) {
        long programs = plan.programs().stream()
                .flatMap(program -> program.segments().stream())
                .mapToLong(ProgramSegment::memorySize)
                .sum();
        long ring = SimAbi.PAGE_SIZE + capacity;
        if (!plan.gate().inGuest()) { // header, gate, configuration
            return 3 * SimAbi.PAGE_SIZE + CHANNEL_SIZE + programs + ring;
        }
        // header, gates, configuration
        return 5 * SimAbi.PAGE_SIZE
                + SimPageTables.pagesFor(plan, capacity) * SimAbi.PAGE_SIZE
                + plan.stackCount() * RegionPlan.STACK_SIZE
                + programs
                + ring;
    }
}
