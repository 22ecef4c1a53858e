// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * The guest-physical range that belongs to SIM: all segments lie in it at random, and whatever else
 * is touched in it is a probe.
 *
 * @param base first guest-physical address, a multiple of 1 GiB
 * @param size bytes, a multiple of 1 GiB, at least 2 GiB (one for the gate's frame, the rest for
 *     everything else)
 */
public record RegionArea(long base, long size) {
    static final long GIBIBYTE = 1L << 30;

    public RegionArea {
        if (base <= 0
                || size < 2 * GIBIBYTE
                || (base | size) % GIBIBYTE != 0
                || base + size < 0
                || base + size > 1L << 52) {
            throw new IllegalArgumentException(
                    String.format("not a SIM area: 0x%x, 0x%x bytes", base, size));
        }
    }

    /**
     * Chooses the upper half of what the guest CPU can address: [2^39, 2^40) for the usual 40 bits.
     *
     * @param physicalBits guest-physical address bits of the guest's CPU (CPUID 80000008h EAX bits
     *     7..0), 32..52
     * @param usedBelow first guest-physical address above guest RAM, hot-pluggable memory and the
     *     64-bit PCI hole
     * @throws RegionException if the guest itself reaches into that half
     */
    public static RegionArea forPhysicalBits(int physicalBits, long usedBelow)
            throws RegionException {
        if (physicalBits < 32 || physicalBits > 52) {
            throw new IllegalArgumentException("physical address bits: " + physicalBits);
        }
        long half = 1L << (physicalBits - 1);
        if (Long.compareUnsigned(usedBelow, half) > 0 || half < 2 * GIBIBYTE) {
            throw new RegionException(String.format(
                    "the guest uses addresses up to 0x%x, which leaves no"
                            + " room for SIM with its CPU's"
                            + " %d address bits; give the CPU more (<maxphysaddr "
                            + "mode='emulate' bits='...'/>) or"
                            + " the guest less memory",
                    usedBelow, physicalBits));
        }
        return new RegionArea(half, half);
    }

    /** Tells the first guest-physical address after the area. */
    public long end() {
        return base + size;
    }

    /** Tells whether the whole range lies in the area. */
    public boolean contains(long gpa, long length) {
        return gpa >= base && length >= 0 && gpa <= end() - length;
    }
}
