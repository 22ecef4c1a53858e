// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * A copy of one of the kernel's own tables of places in its text, from its start symbol to its end
 * symbol.
 *
 * @param address guest virtual address of the first entry
 * @param bytes the entries, little-endian
 */
public record KernelTable(long address, ByteBuffer bytes) {
    /**
     * Ten times what Debian's largest kernel has; bounds what a hostile symbol table makes us read.
     */
    private static final long LARGEST = 16 << 20;

    /** Copies a table, or returns nothing if this kernel has none. */
    public static Optional<KernelTable> read(
            Kernel kernel, VirtualMemory memory, String startSymbol, String endSymbol)
            throws GuestMemoryException {
        OptionalLong start = kernel.symbol(startSymbol);
        OptionalLong end = kernel.symbol(endSymbol);
        if (start.isEmpty() || end.isEmpty()) {
            return Optional.empty();
        }
        long size = end.getAsLong() - start.getAsLong();
        if (size < 0 || size > LARGEST) {
            throw new GuestMemoryException(
                    start.getAsLong(),
                    String.format(
                            "table %s at 0x%x has the size %d, which no kernel has",
                            startSymbol, start.getAsLong(), size));
        }
        return Optional.of(read(memory, start.getAsLong(), (int) size));
    }

    /**
     * Copies a table whose place a module's description tells.
     *
     * @param size bytes, as the guest says
     */
    static KernelTable readAt(VirtualMemory memory, long address, long size)
            throws GuestMemoryException {
        if (size < 0 || size > LARGEST) {
            throw new GuestMemoryException(
                    address,
                    String.format(
                            "a table at 0x%x has the size %d, which no module has", address, size));
        }
        return read(memory, address, (int) size);
    }

    private static KernelTable read(VirtualMemory memory, long address, int size)
            throws GuestMemoryException {
        return new KernelTable(
                address,
                ByteBuffer.wrap(memory.read(address, size)).order(ByteOrder.LITTLE_ENDIAN));
    }

    /** Returns how many entries of a size there are. */
    public int count(int entrySize) {
        return bytes.capacity() / entrySize;
    }

    /**
     * Returns the address that the 32-bit field at an offset of the table names relative to itself.
     */
    public long relative(int offset) {
        return address + offset + bytes.getInt(offset);
    }
}
