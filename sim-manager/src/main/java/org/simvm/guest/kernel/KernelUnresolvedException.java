// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.Objects;

/**
 * Says in one line why a guest's kernel, or something in it, can't be resolved.
 *
 * <p>What it tells rests on guest memory, but its message holds no unchecked bytes of it.
 */
public class KernelUnresolvedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The steps of a resolution. */
    public enum Step {
        /** Finding the kernel image by the page tables. */
        IMAGE,
        /** Finding and decoding kallsyms. */
        SYMBOLS,
        /** Checking kallsyms against LSTAR and the banner. */
        VERIFICATION,
        /** Finding and indexing BTF. */
        TYPES,
        /** Looking up one symbol, structure or member in a resolved kernel. */
        LOOKUP
    }

    private final Step step;

    /**
     * Makes the exception.
     *
     * @param step what failed
     * @param message one line: what is wrong, where, and what can be done
     */
    public KernelUnresolvedException(Step step, String message) {
        super(message);
        this.step = Objects.requireNonNull(step, "step");
    }

    /**
     * Makes the exception for a step that failed because memory couldn't be read.
     *
     * @param step what failed
     * @param message one line: what is wrong, where, and what can be done
     * @param cause what could not be read
     */
    public KernelUnresolvedException(Step step, String message, Throwable cause) {
        super(message, cause);
        this.step = Objects.requireNonNull(step, "step");
    }

    /** Returns the step that failed. */
    public Step step() {
        return step;
    }
}
