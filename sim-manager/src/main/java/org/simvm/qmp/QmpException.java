// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.io.IOException;

/**
 * Says why a conversation with QEMU did not succeed; the subclasses tell what is left of the
 * connection.
 */
public class QmpException extends IOException {
    private static final long serialVersionUID = 1L;

    QmpException(String message) {
        super(message);
    }

    QmpException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Returns the exception for a command that there is no connection for yet. */
    public static QmpException notConnected(String socket) {
        return new Closed("QEMU has not opened " + socket + " yet", null);
    }

    /** QEMU answered a command with an error; the connection is fine and QEMU changed nothing. */
    public static final class Refused extends QmpException {
        private static final long serialVersionUID = 1L;
        private final String errorClass;
        private final String description;

        Refused(String command, String errorClass, String description) {
            super("QEMU refused " + command + ": " + description);
            this.errorClass = errorClass;
            this.description = description;
        }

        /**
         * Returns QMP's error class, for instance {@code GenericError} or {@code CommandNotFound}.
         */
        public String errorClass() {
            return errorClass;
        }

        /** Returns QEMU's own one-line description. */
        public String description() {
            return description;
        }
    }

    /** The connection is gone: QEMU ended, or it broke the protocol. */
    public static final class Closed extends QmpException {
        private static final long serialVersionUID = 1L;

        Closed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** No answer came in time; whether QEMU carried the command out is not known. */
    public static final class TimedOut extends QmpException {
        private static final long serialVersionUID = 1L;

        TimedOut(String message) {
            super(message);
        }
    }
}
