// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A piece of guest RAM and the place in a file that backs it, as QEMU's {@code query-sim} reports
 * it.
 *
 * <p>Ask QEMU for these, never compute them: where RAM continues above 4 GiB depends on machine
 * type and size.
 *
 * @param gpa first guest-physical address, a multiple of 4096
 * @param size bytes, a positive multiple of 4096
 * @param file the backing file; for a memfd {@code /proc/<pid>/fd/<n>} of the QEMU process
 * @param offset where the block begins in the file, a multiple of 4096
 */
public record RamBlock(long gpa, long size, Path file, long offset) {
    /** Bytes in the smallest page, which all addresses and sizes of a block are multiples of. */
    public static final int PAGE_SIZE = 4096;

    /** Checks the alignments and that no end overflows. */
    public RamBlock {
        Objects.requireNonNull(file, "file");
        new GuestRange(gpa, size);
        if (offset < 0
                || offset > Long.MAX_VALUE - size
                || ((gpa | size | offset) & (PAGE_SIZE - 1)) != 0) {
            throw new IllegalArgumentException(String.format(
                    "RAM block at 0x%x (size 0x%x, offset 0x%x in %s): address, size and "
                            + "offset must be"
                            + " multiples of %d and not negative",
                    gpa, size, offset, file, PAGE_SIZE));
        }
    }

    /** Returns the guest-physical range of the block. */
    public GuestRange range() {
        return new GuestRange(gpa, size);
    }
}
