// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

/**
 * An address in words of the symbol before it, as in a kernel's stack trace.
 *
 * @param symbol the symbol at or before the address
 * @param offset bytes from the symbol to the address, below {@code symbol.extent()}
 */
public record SymbolOffset(Symbol symbol, long offset) {
    /** Returns {@code name+0xoffset/0xextent}, as the kernel prints it. */
    @Override
    public String toString() {
        return String.format("%s+0x%x/0x%x", symbol.name(), offset, symbol.extent());
    }
}
