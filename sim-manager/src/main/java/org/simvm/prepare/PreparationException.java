// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

/** Says in one line why a domain can't be prepared, and the next step. */
public final class PreparationException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean misunderstood;

    public PreparationException(String message, Throwable cause) {
        this(message, cause, false);
    }

    private PreparationException(String message, Throwable cause, boolean misunderstood) {
        super(message, cause);
        this.misunderstood = misunderstood;
    }

    /** What the domain asks of SIM can't be understood. */
    static PreparationException misunderstood(String message, Throwable cause) {
        return new PreparationException(message, cause, true);
    }

    /** Tells whether what the domain asks of SIM can't be understood, whoever carries it out. */
    public boolean misunderstood() {
        return misunderstood;
    }
}
