// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * What a view lets the CPU do with a segment ({@code SIM_ACCESS_*} in {@code sim_abi.h}).
 *
 * @param read data loads
 * @param write data stores
 * @param execute instruction fetches
 */
public record Access(boolean read, boolean write, boolean execute) {
    public static final Access EXECUTE_ONLY = new Access(false, false, true);
    public static final Access READ_EXECUTE = new Access(true, false, true);
    public static final Access READ_ONLY = new Access(true, false, false);
    public static final Access READ_WRITE = new Access(true, true, false);

    int code() {
        return (read ? 1 : 0) | (write ? 2 : 0) | (execute ? 4 : 0);
    }

    static Access of(int code) throws RegionException {
        if (code <= 0 || code > 7) {
            throw new RegionException(
                    "region header names access " + code + ", which there is not");
        }
        return new Access((code & 1) != 0, (code & 2) != 0, (code & 4) != 0);
    }

    /** Writes the access as {@code r-x}. */
    @Override
    public String toString() {
        return (read ? "r" : "-") + (write ? "w" : "-") + (execute ? "x" : "-");
    }
}
