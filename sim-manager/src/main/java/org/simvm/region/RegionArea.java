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
     * Stands for the area until QEMU has chosen it, by the address bits that the guest's CPU and
     * the host have: what is placed in it is placed again when the guest boots.
     */
    public static final RegionArea UNCHOSEN = new RegionArea(1L << 39, 1L << 39);

    /** Tells how many bits a guess of one page's address in the area has to get right. */
    public double pageBits() {
        return Math.log((double) size / SimAbi.PAGE_SIZE) / Math.log(2);
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
