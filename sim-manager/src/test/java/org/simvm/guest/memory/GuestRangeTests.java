// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Ranges of guest-physical addresses. */
class GuestRangeTests {
    @Property
    void aRangeContainsExactlyWhatLiesInIt(@ForAll long address, @ForAll long length) {
        GuestRange range = new GuestRange(4096, 8192);
        boolean expected =
                length >= 0 && address >= 4096 && address <= 12288 && length <= 12288 - address;
        assertEquals(expected, range.contains(address, length));
    }

    @Example
    void aRangeIsNotEmptyAndEndsWithinPhysicalAddresses() {
        assertEquals(1L << 52, new GuestRange((1L << 52) - 1, 1).end());
        assertThrows(IllegalArgumentException.class, () -> new GuestRange((1L << 52) - 1, 2));
        assertThrows(IllegalArgumentException.class, () -> new GuestRange(-1, 2));
        assertThrows(IllegalArgumentException.class, () -> new GuestRange(0, 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new GuestRange(Long.MAX_VALUE, Long.MAX_VALUE));
    }
}
