// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

/** Says in one line why a baseline can't be recorded. */
public final class BaselineException extends Exception {
    private static final long serialVersionUID = 1L;

    BaselineException(String message, Throwable cause) {
        super(message, cause);
    }
}
