// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.List;
import java.util.Map;

/**
 * A parameter of a monitor that the domain XML may set: {@code struct sim_parameter_declaration} of {@code sim_monitor.h}.
 *
 * @param name as the domain XML writes it
 * @param type how its text becomes bytes
 * @param address of the value in the ELF file, as linked
 * @param size bytes at {@code address}, a multiple of 8
 * @param names for {@link Type#SET}: which bits each name sets; else empty
 */
public record ParameterDeclaration(String name, Type type, long address, int size, Map<String, List<Integer>> names) {
    public ParameterDeclaration {
        names = Map.copyOf(names);
    }

    /** How the text of a parameter becomes bytes ({@code SIM_PARAMETER_*}). */
    public enum Type {
        /** Decimal or 0x-prefixed, unsigned 64-bit. */
        NUMBER,
        /** {@code yes} or {@code no}. */
        BOOLEAN,
        /** {@code all}, {@code none}, or names separated by commas. */
        SET
    }
}
