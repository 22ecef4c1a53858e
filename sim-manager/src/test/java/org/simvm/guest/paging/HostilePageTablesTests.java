// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.SparseGuestMemory;

/** Page tables that a hostile guest wrote. */
class HostilePageTablesTests {
    @Property(tries = 300)
    void ofRandomBytesNeverDoMoreThanFail(
            @ForAll long seed,
            @ForAll long va,
            @ForAll @IntRange(min = 4, max = 5) int levels,
            @ForAll @IntRange(min = 12, max = 40) int addressBits) {
        SparseGuestMemory small = new SparseGuestMemory(1 << 20);
        Random random = new Random(seed);
        for (long gpa = 0; gpa < 1 << 20; gpa += 8) {
            // Mostly addresses that are RAM, so that walks go deep.
            small.writeLong(gpa, (random.nextLong() & (1L << addressBits) - 1) | random.nextInt(8));
        }
        PageTables tables = new PageTables(small, seed & 0xff000, levels);
        VirtualMemory virtual = new VirtualMemory(tables);
        long canonical = va << 16 >> 16;
        for (Attempt attempt : List.<Attempt>of(
                () -> tables.translate(canonical),
                () -> tables.entry(canonical, TableLevel.PT),
                () -> tables.visit(0, -1, 200, page -> true),
                () -> virtual.readLong(canonical),
                () -> virtual.readString(canonical, 10000),
                () -> virtual.visit(canonical, 100000, (gpa, slice) -> {}))) {
            try {
                attempt.run();
            } catch (GuestMemoryException e) {
                assertTrue(e.getMessage().contains("0x"));
            }
        }
    }

    private interface Attempt {
        void run() throws GuestMemoryException;
    }
}
