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
 * <p>Input: one byte chooses a layout; then patches of 3 bytes offset, 1 byte length (1 to 16), and so many bytes.
 */
public final class KallsymsFuzzing {
    private static final int IMAGE_SIZE = 4 << 20; // without BTF, which is behind
    private static final int TABLES = 0x20_0000;
    private static final AddressEncoding[] ENCODINGS = AddressEncoding.values();
    private static final byte[][] IMAGES = new byte[2 * ENCODINGS.length][];
    private static final VirtualMemory[] GUESTS = new VirtualMemory[IMAGES.length];
    private static final SparseGuestMemory[] MEMORIES = new SparseGuestMemory[IMAGES.length];
    private static final int[] SIZES = new int[IMAGES.length];

    private KallsymsFuzzing() {
    }

    static {
        for (int i = 0; i < IMAGES.length; i++) {
            SyntheticKernel kernel = new SyntheticKernel();
            kernel.encoding = ENCODINGS[i / 2];
            kernel.addressesBeforeNames = i % 2 == 1;
            kernel.sequences = i % 2 == 1;
            kernel.alignment = i % 2 == 1 ? 8 : 4;
            kernel.fillers = 1000;
            kernel.btfSymbols = false;
            IMAGES[i] = Arrays.copyOf(kernel.write(), IMAGE_SIZE);
            SIZES[i] = (int) (kernel.tablesEnd() - SyntheticKernel.BASE) - TABLES;
            MEMORIES[i] = new SparseGuestMemory(1L << 30);
            MEMORIES[i].write(0, IMAGES[i]);
            PageTableWriter tables = new PageTableWriter(MEMORIES[i], 0x3000_0000, 4);
            for (int at = 0; at < IMAGE_SIZE; at += 2 << 20) {
                tables.map(SyntheticKernel.BASE + at, at, TableLevel.PD, 0);
            }
            GUESTS[i] = new VirtualMemory(tables.tables());
        }
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        int layout = input.below(IMAGES.length);
        byte[] image = IMAGES[layout].clone();
        int least = IMAGE_SIZE;
        int most = 0;
        while (input.more()) {
            int at = TABLES + (int) (input.number(3) % SIZES[layout]);
            byte[] patch = input.bytes(1 + input.below(16));
            System.arraycopy(patch, 0, image, at, patch.length);
            least = Math.min(least, at);
            most = Math.max(most, at + patch.length);
        }
        try {
            if (least < most) {
                MEMORIES[layout].write(least, Arrays.copyOfRange(image, least, most));
            }
            Kernel kernel = KernelResolver.resolve(GUESTS[layout], OptionalLong.empty());
            throw new AssertionError("a kernel without types was resolved: " + kernel.version());
        } catch (KernelUnresolvedException e) {
            if (e.getMessage().lines().count() != 1 || !e.getMessage().chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
                throw new AssertionError("not one printable line: " + e.getMessage(), e);
            }
        } finally {
            if (least < most) {
                MEMORIES[layout].write(least, Arrays.copyOfRange(IMAGES[layout], least, most));
            }
        }
    }
}
