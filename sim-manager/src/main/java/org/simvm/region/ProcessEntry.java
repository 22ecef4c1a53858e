// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.file.Path;

/**
 * What the monitors' process of gate {@code EXIT} must be told of a region, beside what its header
 * says.
 *
 * @param region the region file
 * @param dispatch address of {@code sim_dispatch} in the process; secret
 * @param directMap address in the process at which it maps guest-physical 0; secret
 */
public record ProcessEntry(Path region, long dispatch, long directMap) {
    @Override
    public String toString() {
        return "process for " + region;
    }
}
