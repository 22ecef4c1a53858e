// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import org.simvm.guest.memory.LittleEndian;

/**
 * How kallsyms stores the address of a symbol, as {@code kallsyms_sym_address} in
 * {@code kernel/kallsyms.c} reads it.
 */
enum AddressEncoding {
    /**
     * {@code kallsyms_addresses}: 64-bit addresses, no base ({@code CONFIG_KALLSYMS_BASE_RELATIVE}
     * off).
     */
    ABSOLUTE(Long.BYTES) {
        @Override
        long decode(byte[] values, int symbol, long tableAddress, long base) {
            return LittleEndian.getLong(values, symbol * Long.BYTES);
        }
    },
    /** {@code kallsyms_offsets}: unsigned 32-bit offsets from {@code kallsyms_relative_base}. */
    RELATIVE(Integer.BYTES) {
        @Override
        long decode(byte[] values, int symbol, long tableAddress, long base) {
            return base + (LittleEndian.getInt(values, symbol * Integer.BYTES) & 0xffff_ffffL);
        }
    },
    /**
     * The same with {@code CONFIG_KALLSYMS_ABSOLUTE_PERCPU} (up to Linux 6.14): offsets from 0 on
     * are absolute, which per-CPU variables are, negative ones count from the base: -1 is the base
     * itself.
     */
    RELATIVE_WITH_ABSOLUTE_PER_CPU(Integer.BYTES) {
        @Override
        long decode(byte[] values, int symbol, long tableAddress, long base) {
            int offset = LittleEndian.getInt(values, symbol * Integer.BYTES);
            return offset >= 0 ? offset : base - 1 - offset;
        }
    },
    /** Signed 32-bit offsets, each from its own place in the table; no base (Linux 7). */
    PLACE_RELATIVE(Integer.BYTES) {
        @Override
        long decode(byte[] values, int symbol, long tableAddress, long base) {
            int at = symbol * Integer.BYTES;
            return tableAddress + at + LittleEndian.getInt(values, at);
        }
    };

    private final int size;

    AddressEncoding(int size) {
        this.size = size;
    }

    /** Returns the bytes of one entry of the table. */
    int size() {
        return size;
    }

    /**
     * Returns a symbol's address.
     *
     * @param values the table
     * @param symbol index of the symbol
     * @param tableAddress where the table lies in the guest
     * @param base the value of {@code kallsyms_relative_base}; unused where there is none
     */
    abstract long decode(byte[] values, int symbol, long tableAddress, long base);
}
