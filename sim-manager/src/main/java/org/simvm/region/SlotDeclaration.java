// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * A value that the host fills in before the guest is armed, from the ELF section
 * {@code .sim_slots}.
 *
 * @param name {@code config}, {@code monitor}, {@code offset:STRUCT.MEMBER}, {@code size:STRUCT},
 *     {@code symbol:NAME}; docs/interfaces.md §2
 * @param address of the {@code uint64_t} in the ELF file, as linked
 */
public record SlotDeclaration(String name, long address) {
    /**
     * Tells whether the region builder itself knows the value ({@code config} and {@code monitor}).
     */
    public boolean filledByRegion() {
        return name.equals("config") || name.equals("monitor");
    }
}
