// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

/** Says in one line why the manager can't start, and the next step. */
public final class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
