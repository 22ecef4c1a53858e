// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import org.libvirt.Error.ErrorNumber;
import org.simvm.libvirt.LibvirtException.Cause;

/** Turns the calling thread's last libvirt error into an exception. */
final class NativeErrors {

    private NativeErrors() {}

    /** Throws unless a call returned 0 or more. */
    static int check(int result, String what) throws LibvirtException {
        if (result < 0) {
            throw last(what);
        }
        return result;
    }

    /** Throws unless a call returned something. */
    static <T> T check(T result, String what) throws LibvirtException {
        if (result == null) {
            throw last(what);
        }
        return result;
    }

    /** Returns the calling thread's last error as an exception. */
    static LibvirtException last(String what) {
        return new LibvirtException(cause(), "cannot " + what + ": " + message());
    }

    /** Returns the calling thread's last error as one line. */
    static String message() {
        String message = NativeLibvirt.INSTANCE.virGetLastErrorMessage();
        return message == null ? "unknown error" : message.strip().replaceAll("\\p{Cntrl}+", " ");
    }

    /**
     * Tells whether the calling thread's last error says that the domain lacks our element: nothing
     * is wrong.
     */
    static boolean isNoMetadata() {
        return number() == ErrorNumber.VIR_ERR_NO_DOMAIN_METADATA;
    }

    private static ErrorNumber number() {
        int number = NativeLibvirt.INSTANCE.virGetLastErrorCode();
        ErrorNumber[] known = ErrorNumber.values();
        return number >= 0 && number < known.length ? known[number] : ErrorNumber.VIR_ERR_UNKNOWN;
    }

    private static Cause cause() {
        return switch (number()) {
            case VIR_ERR_NO_CONNECT, VIR_ERR_INVALID_CONN, VIR_ERR_RPC -> Cause.NOT_CONNECTED;
            case VIR_ERR_NO_DOMAIN -> Cause.NO_DOMAIN;
            case VIR_ERR_OPERATION_INVALID -> Cause.WRONG_STATE;
            case VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_RESOURCE_BUSY -> Cause.BUSY;
            case VIR_ERR_NO_SUPPORT, VIR_ERR_OPERATION_UNSUPPORTED -> Cause.NOT_SUPPORTED;
            case VIR_ERR_XML_ERROR,
                    VIR_ERR_XML_DETAIL,
                    VIR_ERR_CONFIG_UNSUPPORTED,
                    VIR_ERR_XML_INVALID_SCHEMA -> Cause.INVALID_XML;
            default -> Cause.OTHER;
        };
    }
}
