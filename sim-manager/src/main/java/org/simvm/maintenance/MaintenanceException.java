// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.maintenance;

/** Says in one line why checks can't be suspended, and the next step. */
public final class MaintenanceException extends Exception {
    private static final long serialVersionUID = 1L;

    MaintenanceException(String message) {
        super(message);
    }

    MaintenanceException(String message, Throwable cause) {
        super(message, cause);
    }
}
