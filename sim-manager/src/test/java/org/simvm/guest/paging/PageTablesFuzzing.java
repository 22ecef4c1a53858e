// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

import org.simvm.fuzzing.FuzzInput;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.SparseGuestMemory;

/**
 * Page tables of the guest's choosing.
 *
 * <p>Input: levels (1 byte), virtual address (8), then entries: where (2 bytes, which 8 of 64 KiB x
 * 8 bytes of RAM), flags and page (3 bytes: 12 bits of flags, 12 of the page, so that walks go
 * deep), or if bit 11 of the flags is set the whole 8 bytes.
 */
public final class PageTablesFuzzing {
    private static final int RAM = 512 << 10;
    private static final int WHOLE = 1 << 11;

    private PageTablesFuzzing() {}

    @FunctionalInterface
    private interface Attempt {
        void run() throws GuestMemoryException;
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        int levels = 4 + input.below(2);
        long va = input.number(8) << 16 >> 16;
        SparseGuestMemory memory = new SparseGuestMemory(RAM);
        while (input.more()) {
            long at = input.number(2) * 8;
            long entry = input.number(3);
            memory.writeLong(at, (entry & WHOLE) != 0 ? input.number(8) : entry);
        }
        PageTables tables = new PageTables(memory, 0, levels);
        VirtualMemory virtual = new VirtualMemory(tables);
        attempt(() -> tables.translate(va));
        attempt(() -> tables.entry(va, TableLevel.PT));
        attempt(() -> tables.entry(va, TableLevel.PDPT));
        attempt(() -> tables.visit(0, -1, 200, page -> true));
        attempt(() -> tables.visit(va, -1, 200, page -> true));
        attempt(() -> virtual.readLong(va));
        attempt(() -> virtual.readString(va, 10_000));
        attempt(() -> virtual.visit(va, 100_000, (gpa, slice) -> {}));
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (GuestMemoryException e) {
            if (!e.getMessage().contains("0x")) {
                throw new AssertionError("no address told: " + e.getMessage(), e);
            }
        }
    }
}
