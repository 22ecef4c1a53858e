// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

/**
 * A request that could not be answered. The message is one line: what is wrong, and the next step.
 */
public final class ControlException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Makes one. */
    public ControlException(String message) {
        super(message);
    }

    /** Makes one. */
    public ControlException(String message, Throwable cause) {
        super(message, cause);
    }
}
