// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.Arrays;
import java.util.OptionalLong;
import org.simvm.fuzzing.FuzzInput;
import org.simvm.guest.memory.SparseGuestMemory;
import org.simvm.guest.paging.PageTableWriter;
import org.simvm.guest.paging.TableLevel;
import org.simvm.guest.paging.VirtualMemory;

/**
 * The search for symbols, in an image whose kallsyms the input spoils.
 *
 * <p>Input: one byte chooses a layout; then patches of 3 bytes offset, 1 byte length (1 to 16), and
 * so many bytes.
 */
public final class KallsymsFuzzing {
    private static final int IMAGE_SIZE = 4 << 20; // without BTF, which is behind
    private static final int TABLES = 0x20_0000;
    private static final AddressEncoding[] ENCODINGS = AddressEncoding.values();
    private static final Guest[] GUESTS = new Guest[2 * ENCODINGS.length];

    private KallsymsFuzzing() {}

    /** A guest whose kernel has its tables in one of the layouts. */
    private static final class Guest {
        private final byte[] image;
        private final int tablesSize;
        private final SparseGuestMemory memory = new SparseGuestMemory(1L << 30);
        private final VirtualMemory virtual;

        Guest(int layout) {
            boolean old = layout % 2 == 1;
            SyntheticKernel kernel = new SyntheticKernel();
            kernel.encoding = ENCODINGS[layout / 2];
            kernel.addressesBeforeNames = old;
            kernel.sequences = old;
            kernel.alignment = old ? 8 : 4;
            kernel.fillers = 600;
            kernel.btfSymbols = false;
            image = Arrays.copyOf(kernel.write(), IMAGE_SIZE);
            tablesSize = (int) (kernel.tablesEnd() - SyntheticKernel.BASE) - TABLES;
            memory.write(0, image);
            PageTableWriter tables = new PageTableWriter(memory, 0x3000_0000, 4);
            for (int at = 0; at < IMAGE_SIZE; at += 2 << 20) {
                tables.map(SyntheticKernel.BASE + at, at, TableLevel.PD, 0);
            }
            virtual = new VirtualMemory(tables.tables());
        }
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        int layout = input.below(GUESTS.length);
        Guest guest = GUESTS[layout] == null ? new Guest(layout) : GUESTS[layout];
        GUESTS[layout] = guest;
        byte[] image = guest.image.clone();
        int least = IMAGE_SIZE;
        int most = 0;
        while (input.more()) {
            int at = TABLES + (int) (input.number(3) % guest.tablesSize);
            byte[] patch = input.bytes(1 + input.below(16));
            System.arraycopy(patch, 0, image, at, patch.length);
            least = Math.min(least, at);
            most = Math.max(most, at + patch.length);
        }
        try {
            if (least < most) {
                guest.memory.write(least, Arrays.copyOfRange(image, least, most));
            }
            Kernel kernel = KernelResolver.resolve(guest.virtual, OptionalLong.empty());
            throw new AssertionError("a kernel without types was resolved: " + kernel.version());
        } catch (KernelUnresolvedException e) {
            if (e.getMessage().lines().count() != 1
                    || !e.getMessage().chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
                throw new AssertionError("not one printable line: " + e.getMessage(), e);
            }
        } finally {
            if (least < most) {
                guest.memory.write(least, Arrays.copyOfRange(guest.image, least, most));
            }
        }
    }
}
