// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * The gates as {@code gates.elf} or {@code gates-lbr.elf} has them: four pages and where to patch
 * them (docs/interfaces.md §2).
 *
 * @param file where they came from, for messages
 * @param entry G1 for the normal view, 4096 bytes
 * @param entrySim G1 for the SIM view, 4096 bytes
 * @param inner G2, 4096 bytes
 * @param exit the only page of gate {@code EXIT}, 4096 bytes
 * @param patches symbol → place of its first byte
 */
public record GateTemplate(
        Path file,
        ByteBuffer entry,
        ByteBuffer entrySim,
        ByteBuffer inner,
        ByteBuffer exit,
        Map<String, Place> patches) {
    public GateTemplate {
        patches = Map.copyOf(patches);
    }

    /** Which page a patch symbol is in. */
    public enum Page {
        ENTRY,
        ENTRY_SIM,
        INNER,
        EXIT
    }

    /**
     * Place of a patch symbol's first byte.
     *
     * @param page one of the four
     * @param offset in the page, 0..4095
     */
    public record Place(Page page, int offset) {}
}
