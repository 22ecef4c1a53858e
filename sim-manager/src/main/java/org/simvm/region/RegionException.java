// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * Says in one line why a region, or an ELF file that should go into it, can't be used: what is
 * wrong, where, and the next step.
 */
public final class RegionException extends Exception {
    private static final long serialVersionUID = 1L;

    public RegionException(String message) {
        super(message);
    }

    public RegionException(String message, Throwable cause) {
        super(message, cause);
    }
}
