// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

/**
 * A range of guest-physical addresses, {@code gpa} up to and without {@code gpa + size}.
 *
 * @param gpa first guest-physical address, at least 0
 * @param size bytes, at least 1
 */
public record GuestRange(long gpa, long size) {
    /** Checks that the range is not empty and ends within the 52 bits of a physical address. */
    public GuestRange {
        if (gpa < 0 || size <= 0 || gpa > (1L << 52) - size) {
            throw new IllegalArgumentException(String.format(
                    "not a guest-physical range: address 0x%x, size 0x%x", gpa, size));
        }
    }

    /** Returns the first address after the range. */
    public long end() {
        return gpa + size;
    }

    /**
     * Tells whether all of {@code length} bytes at {@code address} lie in the range; any values are
     * accepted.
     */
    public boolean contains(long address, long length) {
        return length >= 0 && address >= gpa && length <= size && address - gpa <= size - length;
    }
}
