// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.exitgate;

/** The monitors' process does not serve: one line that says why. */
public final class MonitorProcessException extends Exception {
    private static final long serialVersionUID = 1;

    MonitorProcessException(String message) {
        super(message);
    }

    MonitorProcessException(String message, Throwable cause) {
        super(message, cause);
    }
}
