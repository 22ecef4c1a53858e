// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * Who is shown a segment: one of a guest's two guest-physical maps, or none of them
 * ({@code SIM_VIEW_*} in {@code sim_abi.h}).
 */
public enum View {
    /** The map that the guest's own code runs in. */
    NORMAL(1),
    /** The map that the monitors run in. */
    SIM(2),
    /** None: only the monitor's process on the host maps it (gate exit). */
    PROCESS(3);

    private final int code;

    View(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static View of(int code) throws RegionException {
        return switch (code) {
            case 1 -> NORMAL;
            case 2 -> SIM;
            case 3 -> PROCESS;
            default ->
                throw new RegionException(
                        "region header names view " + code + ", which there is not");
        };
    }
}
