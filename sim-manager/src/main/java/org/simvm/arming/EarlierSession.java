// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/**
 * What an earlier manager has done for a QEMU that still runs.
 *
 * @param violations sequence of the last violation that it knew of, 0 for none
 * @param armed whether it brought the present boot to its end: baseline recorded and hooks sealed
 */
public record EarlierSession(long violations, boolean armed) {
    /** For a QEMU that is about to start. */
    public static final EarlierSession NONE = new EarlierSession(0, false);
}
