// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * Says that the event ring holds what no monitor writes. That is a finding, not an accident: the
 * ring is not read any further.
 */
public final class RingCorruptException extends Exception {
    private static final long serialVersionUID = 1L;

    RingCorruptException(String message) {
        super(message);
    }
}
