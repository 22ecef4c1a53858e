// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/** Says why a declared hook has no site in a kernel. */
final class NoHookSiteException extends Exception {
    private static final long serialVersionUID = 1L;

    NoHookSiteException(String reason) {
        super(reason);
    }
}
