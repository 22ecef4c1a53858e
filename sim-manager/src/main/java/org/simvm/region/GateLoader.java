// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** Reads {@code gates.elf}: three pages and their patch symbols. */
final class GateLoader {
    /** Call stubs in G1: redirected calls that can be hooked at once. */
    static final int CALL_STUBS = 16;

    private static final Map<GateTemplate.Page, String> SECTIONS = new EnumMap<>(Map.of(
            GateTemplate.Page.ENTRY, ".g1", GateTemplate.Page.ENTRY_SIM, ".g1_sim", GateTemplate.Page.INNER,
            ".g2"));

    private GateLoader() {
    }

    static GateTemplate load(Path file) throws RegionException {
        ElfImage image = ElfImage.read(file);
        if (!image.relocations().isEmpty()) {
            throw fault(file, "needs relocations, which gates can't have");
        }
        Map<GateTemplate.Page, ByteBuffer> pages = new EnumMap<>(GateTemplate.Page.class);
        for (Map.Entry<GateTemplate.Page, String> each : SECTIONS.entrySet()) {
            ElfImage.Section section = image.sections().get(each.getValue());
            if (section == null || section.bytes().limit() != SimAbi.PAGE_SIZE) {
                throw fault(file, "has " + (section == null ? "no section " + each.getValue()
                        : "a section " + each.getValue() + " of " + section.bytes().limit() + " bytes")
                        + ", not one of 4096 bytes");
            }
            pages.put(each.getKey(), section.bytes());
        }
        Map<String, GateTemplate.Place> patches = new HashMap<>();
        place(image, "g1_fentry", 1, patches);
        place(image, "g1_current_offset", 4, patches);
        for (int i = 0; i < CALL_STUBS; i++) {
            place(image, "g1_call_stub_" + i, 1, patches);
            place(image, "g1_call_target_" + i, 4, patches);
        }
        place(image, "g2_sim_cr3", 8, patches);
        place(image, "g2_stack_bitmap", 8, patches);
        place(image, "g2_stack_count", 4, patches);
        place(image, "g2_stack_top", 8, patches);
        place(image, "g2_stack_stride", 4, patches);
        place(image, "g2_dispatch", 8, patches);
        return new GateTemplate(file, pages.get(GateTemplate.Page.ENTRY),
                pages.get(GateTemplate.Page.ENTRY_SIM),
                pages.get(GateTemplate.Page.INNER), patches);
    }

    private static void place(ElfImage image, String symbol, int size, Map<String, GateTemplate.Place> into)
            throws RegionException {
        Long address = image.symbols().get(symbol);
        if (address == null) {
            throw fault(image.file(), "has no symbol " + symbol);
        }
        for (Map.Entry<GateTemplate.Page, String> each : SECTIONS.entrySet()) {
            long offset = address - image.sections().get(each.getValue()).address();
            if (offset >= 0 && offset <= SimAbi.PAGE_SIZE - size) {
                GateTemplate.Page expected = symbol.startsWith("g2_") ? GateTemplate.Page.INNER
                        : GateTemplate.Page.ENTRY;
                if (each.getKey() != expected) {
                    throw fault(image.file(), "has the symbol " + symbol + " in section " + each.getValue());
                }
                into.put(symbol, new GateTemplate.Place(each.getKey(), (int) offset));
                return;
            }
        }
        throw fault(image.file(), "has the symbol " + symbol + " outside of the gate pages");
    }

    private static RegionException fault(Path file, String what) {
        return new RegionException(file + ": " + what
                + "; install the gates.elf that belongs to this manager");
    }
}
