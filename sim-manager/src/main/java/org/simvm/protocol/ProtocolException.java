// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/** Bytes that are no request, or no answer. The message is one line. */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Makes one. */
    public ProtocolException(String message) {
        super(message);
    }

    /** Makes one. */
    public ProtocolException(String message, Throwable cause) {
        super(message, cause);
    }
}
