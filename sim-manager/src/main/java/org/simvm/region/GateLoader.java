// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code gates.elf} or {@code gates-lbr.elf}: four pages and their patch symbols. */
public final class GateLoader {
    /** Call stubs in G1: redirected calls that can be hooked at once. */
    static final int CALL_STUBS = 16;
    /** Stubs beside these that look at a number first. */
    static final int FILTERS = 6;

    /** Only in the gate that reads the last branch record: where the branch must have led. */
    static final String GATE_PAGE = "g2_gate_page";

    private static final Map<GateTemplate.Page, String> SECTIONS = new EnumMap<>(Map.of(
            GateTemplate.Page.ENTRY,
            ".g1",
            GateTemplate.Page.ENTRY_SIM,
            ".g1_sim",
            GateTemplate.Page.INNER,
            ".g2",
            GateTemplate.Page.EXIT,
            ".g1_exit"));
    /** Each VMFUNC, which another gate replaces by another instruction of the same length. */
    static final Map<String, GateTemplate.Page> SWITCHES = Map.of(
            "g1_entry_vmfunc",
            GateTemplate.Page.ENTRY,
            "g1_exit",
            GateTemplate.Page.ENTRY,
            "g1_sim_exit",
            GateTemplate.Page.ENTRY_SIM);

    private GateLoader() {}

    /**
     * Reads {@code gates.elf} or {@code gates-lbr.elf}.
     *
     * @throws RegionException if it can't be read, or a page or patch symbol is missing
     */
    public static GateTemplate load(Path file) throws RegionException {
        ElfImage image = ElfImage.read(file);
        if (!image.relocations().isEmpty()) {
            throw fault(file, "needs relocations, which gates can't have");
        }
        Map<GateTemplate.Page, ByteBuffer> pages = new EnumMap<>(GateTemplate.Page.class);
        for (Map.Entry<GateTemplate.Page, String> each : SECTIONS.entrySet()) {
            ElfImage.Section section = image.sections().get(each.getValue());
            if (section == null || section.bytes().limit() != SimAbi.PAGE_SIZE) {
                throw fault(
                        file,
                        "has "
                                + (section == null
                                        ? "no section " + each.getValue()
                                        : "a section " + each.getValue() + " of "
                                                + section.bytes().limit() + " bytes")
                                + ", not one of 4096 bytes");
            }
            pages.put(each.getKey(), section.bytes());
        }
        Map<String, GateTemplate.Place> patches = new HashMap<>();
        for (String prefix : List.of("g1_", "x1_")) {
            place(image, prefix + "fentry", 1, patches);
            place(image, prefix + "current_offset", 4, patches);
            for (int i = 0; i < CALL_STUBS; i++) {
                place(image, prefix + "call_stub_" + i, 1, patches);
                place(image, prefix + "call_target_" + i, 4, patches);
            }
            for (int i = 0; i < FILTERS; i++) {
                place(image, prefix + "filter_" + i, 1, patches);
                place(image, prefix + "filter_load_" + i, 6, patches);
                place(image, prefix + "filter_mask_" + i, 4, patches);
                place(image, prefix + "filter_count_" + i, 4, patches);
                place(image, prefix + "filter_skip_" + i, 4, patches);
                place(image, prefix + "filter_target_" + i, 4, patches);
                place(
                        image,
                        prefix + "filter_bits_" + i,
                        SimAbi.Declaration.FILTER_NUMBERS / 8,
                        patches);
            }
        }
        place(image, "x1_port", 4, patches);
        for (Map.Entry<String, GateTemplate.Page> each : SWITCHES.entrySet()) {
            place(image, each.getKey(), 3, patches);
            ByteBuffer page = pages.get(each.getValue());
            int at = patches.get(each.getKey()).offset();
            int seen = (page.get(at) & 0xff) << 16
                    | (page.get(at + 1) & 0xff) << 8
                    | (page.get(at + 2) & 0xff);
            if (seen != GateKind.VMFUNC.switching()) {
                throw fault(
                        file,
                        String.format("has 0x%06x at %s, which is no VMFUNC", seen, each.getKey()));
            }
        }
        place(image, "g2_sim_cr3", 8, patches);
        place(image, "g2_sim_cr3_low", 4, patches);
        place(image, "g2_sim_cr3_high", 4, patches);
        place(image, "g2_stack_first", 8, patches);
        place(image, "g2_stack_again", 8, patches);
        place(image, "g2_stack_stride", 4, patches);
        place(image, "g2_stack_end", 4, patches);
        place(image, "g2_dispatch", 8, patches);
        if (image.symbols().containsKey(GATE_PAGE)) {
            place(image, GATE_PAGE, 4, patches);
        }
        return new GateTemplate(
                file,
                pages.get(GateTemplate.Page.ENTRY),
                pages.get(GateTemplate.Page.ENTRY_SIM),
                pages.get(GateTemplate.Page.INNER),
                pages.get(GateTemplate.Page.EXIT),
                patches);
    }

    private static GateTemplate.Page pageOf(String symbol) {
        if (SWITCHES.containsKey(symbol)) {
            return SWITCHES.get(symbol);
        }
        return symbol.startsWith("g2_")
                ? GateTemplate.Page.INNER
                : symbol.startsWith("x1_") ? GateTemplate.Page.EXIT : GateTemplate.Page.ENTRY;
    }

    private static void place(
            ElfImage image, String symbol, int size, Map<String, GateTemplate.Place> into)
            throws RegionException {
        Long address = image.symbols().get(symbol);
        if (address == null) {
            throw fault(image.file(), "has no symbol " + symbol);
        }
        for (Map.Entry<GateTemplate.Page, String> each : SECTIONS.entrySet()) {
            long offset = address - image.sections().get(each.getValue()).address();
            if (offset >= 0 && offset <= SimAbi.PAGE_SIZE - size) {
                if (each.getKey() != pageOf(symbol)) {
                    throw fault(
                            image.file(),
                            "has the symbol " + symbol + " in section " + each.getValue());
                }
                into.put(symbol, new GateTemplate.Place(each.getKey(), (int) offset));
                return;
            }
        }
        throw fault(image.file(), "has the symbol " + symbol + " outside of the gate pages");
    }

    private static RegionException fault(Path file, String what) {
        return new RegionException(
                file + ": " + what + "; install the one that belongs to this manager");
    }
}
