// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

/**
 * A call to libvirt that failed. The message is one line that names the domain and libvirt's
 * reason.
 */
public final class LibvirtException extends Exception {

    /** What went wrong, as far as callers act on it. */
    public enum Cause {
        /** There is no connection at present; a later call may succeed. */
        NOT_CONNECTED,
        /** There is no such domain (any more). */
        NO_DOMAIN,
        /** The domain's state does not allow the call, for example it does not run. */
        WRONG_STATE,
        /** libvirt could not get hold of the domain in time, because something else works on it. */
        BUSY,
        /** The driver cannot do this. */
        NOT_SUPPORTED,
        /** The XML was refused. */
        INVALID_XML,
        /** Anything else; the message says what. */
        OTHER
    }

    private final Cause reason;

    LibvirtException(Cause reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Tells whether libvirt looked at what it was asked for, and would say the same again. */
    public boolean isRefusal() {
        return switch (reason) {
            case NOT_SUPPORTED, INVALID_XML, OTHER -> true;
            case NOT_CONNECTED, NO_DOMAIN, WRONG_STATE, BUSY -> false;
        };
    }

    /** Returns what went wrong. */
    public Cause reason() {
        return reason;
    }
}
