// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

/** A record of the ring is not as its type demands; the message says what is wrong. */
final class RecordException extends Exception {
    private static final long serialVersionUID = 1L;

    RecordException(String message) {
        super(message, null, false, false);
    }
}
