// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One PT_LOAD of a monitor's ELF file.
 *
 * @param virtualAddress as linked, page-aligned
 * @param memorySize bytes in memory, a multiple of the page size; what {@code contents} lacks is
 *     zero
 * @param access as the PT_LOAD says; never write and execute together
 * @param contents the bytes from {@code virtualAddress} on; read-only
 */
public record ProgramSegment(
        long virtualAddress, long memorySize, Access access, ByteBuffer contents) {
    public ProgramSegment {
        contents = contents.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Gives a buffer of its own position over the same bytes, little-endian. */
    @Override
    public ByteBuffer contents() {
        return contents.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    boolean covers(long address, long length) {
        return address >= virtualAddress
                && length >= 0
                && address - virtualAddress <= memorySize - length;
    }
}
