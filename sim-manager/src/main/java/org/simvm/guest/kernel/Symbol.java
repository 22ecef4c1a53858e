// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

/**
 * A kernel symbol.
 *
 * @param name its name as kallsyms has it
 * @param address guest-virtual address, or an offset for per-CPU variables up to Linux 6.14
 * @param type {@code nm}'s letter: {@code T}/{@code t} text, {@code D}/{@code d} data,
 *     {@code R}/{@code r} read-only, {@code B}/{@code b} zeroed, {@code A} absolute,
 *     {@code W}/{@code w} weak; a capital means global
 * @param end the next higher address that any symbol has, which bounds a function or variable
 *     (padding and symbols without kallsyms entry included); the end of the image for the last one
 */
public record Symbol(String name, long address, char type, long end) {
    /** Tells whether the symbol is in a text section. */
    public boolean function() {
        return type == 'T' || type == 't' || type == 'W' || type == 'w';
    }

    /** Returns the bytes up to the next symbol. */
    public long extent() {
        return end - address;
    }
}
