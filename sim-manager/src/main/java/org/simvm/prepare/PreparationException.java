// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

/** Says in one line why a domain can't be prepared, and the next step. */
public final class PreparationException extends Exception {
    private static final long serialVersionUID = 1L;

    public PreparationException(String message, Throwable cause) {
        super(message, cause);
    }
}
