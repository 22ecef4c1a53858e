// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

/**
 * A range of guest-virtual addresses, {@code start} up to and without {@code end}; addresses are
 * unsigned.
 *
 * @param start first address
 * @param end first address behind the range, not below {@code start}
 */
public record VirtualRange(long start, long end) {
    /** Checks the order. */
    public VirtualRange {
        if (Long.compareUnsigned(start, end) > 0) {
            throw new IllegalArgumentException(
                    String.format("range 0x%x..0x%x ends before it begins", start, end));
        }
    }

    /** Returns the bytes in the range. */
    public long size() {
        return end - start;
    }

    /** Tells whether the byte at {@code va} is in the range. */
    public boolean contains(long va) {
        return Long.compareUnsigned(va, start) >= 0 && Long.compareUnsigned(va, end) < 0;
    }

    /** Tells whether {@code length} bytes at {@code va} are in the range. */
    public boolean contains(long va, long length) {
        return length >= 0
                && Long.compareUnsigned(va, start) >= 0
                && Long.compareUnsigned(va, end) <= 0
                && Long.compareUnsigned(length, end - va) <= 0;
    }

    /** Returns both addresses in hexadecimal. */
    @Override
    public String toString() {
        return String.format("0x%x..0x%x", start, end);
    }
}
