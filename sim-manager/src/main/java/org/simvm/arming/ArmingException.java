// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/** Ends the arming of one boot, with the one line that an {@link ArmingFailure} tells. */
final class ArmingException extends Exception {
    private static final long serialVersionUID = 1L;
    private final ArmingFailure.Kind kind;

    ArmingException(ArmingFailure.Kind kind, String message) {
        this(kind, message, null);
    }

    ArmingException(ArmingFailure.Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    ArmingFailure.Kind kind() {
        return kind;
    }
}
