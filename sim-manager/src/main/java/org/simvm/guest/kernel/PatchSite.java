// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

/**
 * A place in kernel code that a healthy kernel rewrites while it runs, and what it may write there.
 *
 * @param address guest-virtual address of the first byte
 * @param length bytes that are rewritten, 1 to 6
 * @param kind what rewrites it
 * @param target for {@link Kind#JUMP_LABEL} where the jump leads; else 0
 */
public record PatchSite(long address, int length, Kind kind, long target) {
    /** Says what rewrites a place; the order is that of stored baselines. */
    public enum Kind {
        /** ftrace, at a function's start: a NOP, or a call of one of its trampolines. */
        FTRACE,
        /** A jump label: a NOP, or a jump to {@code target}. */
        JUMP_LABEL,
        /** A static call: a call or jump to code, a NOP, {@code xor %eax,%eax}, a return. */
        STATIC_CALL,
        /** The trampoline of a static call: a jump to code, or a return. */
        STATIC_CALL_TRAMPOLINE,
        /** The call inside ftrace's own entry code: a call or jump to code. */
        FTRACE_CALLER,
        /**
         * A lock prefix, which a machine with one CPU does without: {@code lock}, or {@code ds}.
         */
        LOCK_PREFIX
    }

    public PatchSite {
        if (length < 1 || length > 6) {
            throw new IllegalArgumentException(
                    "a place of " + length + " bytes that a kernel patches");
        }
    }

    /** Returns the first address behind it. */
    public long end() {
        return address + length;
    }
}
