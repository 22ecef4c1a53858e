// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

/** A domain can't have the gate that it wants on this host: one line, with the next step. */
public final class GateUnavailableException extends Exception {
    private static final long serialVersionUID = 1;

    GateUnavailableException(String message) {
        super(message);
    }
}
