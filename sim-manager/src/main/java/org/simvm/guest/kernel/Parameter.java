// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

/** What a kernel function takes in one place, as far as that says what the register holds. */
public sealed interface Parameter {
    /**
     * A pointer.
     *
     * @param structure that it points to, {@code const} or not; empty if it is none with a name
     */
    record Pointer(String structure) implements Parameter {
        @Override
        public String toString() {
            return structure.isEmpty() ? "pointer" : structure + "*";
        }
    }

    /** An integer or enumeration of any size. */
    record Number() implements Parameter {
        @Override
        public String toString() {
            return "number";
        }
    }

    /** A structure by value, or a number with a fraction: in other registers, or in several. */
    record Other() implements Parameter {
        @Override
        public String toString() {
            return "value";
        }
    }
}
