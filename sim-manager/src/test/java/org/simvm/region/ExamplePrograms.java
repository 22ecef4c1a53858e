// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs and gates made by hand, for tests that need no compiler. */
final class ExamplePrograms {
    static final RegionArea AREA = new RegionArea(1L << 39, 1L << 39);
    static final long GUEST_MEMORY = 2L << 30;
    static final long PARAMETER = 0x1100;
    static final long SLOT_CONFIG = 0x1000;
    static final long SLOT_MONITOR = 0x1008;
    static final long SLOT_PID = 0x1010;
    static final long ENABLED = 0x1180;
    static final long POINTER = 0x2ff8;
    static final long HANDLER = 0x40;

    private ExamplePrograms() {}

    /**
     * A code page, a read-only page with three slots and a parameter, and three writable pages of
     * which the first holds a pointer.
     */
    static MonitorProgram program(String name) {
        ByteBuffer code = ByteBuffer.allocate(100);
        code.put(0, (byte) 0xc3);
        return new MonitorProgram(
                name,
                Path.of(name + ".elf"),
                List.of(
                        new ProgramSegment(0, 4096, Access.READ_EXECUTE, code),
                        new ProgramSegment(
                                0x1000, 4096, Access.READ_ONLY, ByteBuffer.allocate(0x200)),
                        new ProgramSegment(
                                0x2000, 3 * 4096, Access.READ_WRITE, ByteBuffer.allocate(0))),
                Map.of(POINTER, HANDLER),
                List.of(hook()),
                List.of(
                        new SlotDeclaration("config", SLOT_CONFIG),
                        new SlotDeclaration("monitor", SLOT_MONITOR),
                        new SlotDeclaration("offset:task_struct.pid", SLOT_PID)),
                List.of(new ParameterDeclaration(
                        "calls",
                        ParameterDeclaration.Type.SET,
                        PARAMETER,
                        16,
                        Map.of("open", List.of(2, 69), "close", List.of(3)))),
                List.of(),
                name.equals("core") ? 0x20 : 0);
    }

    /**
     * A monitor with two redirected calls, both with a filter on the set "calls" (128 bits) and the
     * boolean "filter".
     */
    static MonitorProgram filtering() {
        MonitorProgram plain = program("syscalls");
        List<ParameterDeclaration> parameters = List.of(
                plain.parameters().get(0),
                new ParameterDeclaration(
                        "filter", ParameterDeclaration.Type.BOOLEAN, ENABLED, 8, Map.of()));
        ByteBuffer constants = ByteBuffer.allocate(0x200);
        constants.put((int) (ENABLED - 0x1000), (byte) 1);
        return new MonitorProgram(
                "syscalls",
                plain.file(),
                List.of(
                        plain.segments().get(0),
                        new ProgramSegment(0x1000, 4096, Access.READ_ONLY, constants),
                        plain.segments().get(2)),
                plain.relocations(),
                List.of(call(1), call(2), call(3)),
                plain.slots(),
                parameters,
                List.of(
                        new FilterDeclaration(1, PARAMETER, ENABLED, 0, 0, 64, 0x40000000),
                        new FilterDeclaration(2, PARAMETER, ENABLED, SLOT_PID, 64, 60, 0)),
                0);
    }

    static HookDeclaration call(int id) {
        return new HookDeclaration(
                HookDeclaration.Kind.CALL,
                "do_call_" + id,
                List.of(),
                "entry_" + id,
                HANDLER,
                id,
                0,
                false);
    }

    static HookDeclaration hook() {
        return new HookDeclaration(
                HookDeclaration.Kind.FENTRY,
                "wake_up_new_task",
                List.of(),
                "",
                HANDLER,
                7,
                0,
                false);
    }

    /** Gates full of int3, with the patch symbols one after the other. */
    static GateTemplate gates() {
        Map<String, GateTemplate.Place> places = new HashMap<>();
        Map.of("g1_", GateTemplate.Page.ENTRY, "x1_", GateTemplate.Page.EXIT)
                .forEach((prefix, page) -> {
                    places.put(prefix + "fentry", new GateTemplate.Place(page, 0));
                    places.put(prefix + "current_offset", new GateTemplate.Place(page, 16));
                    for (int i = 0; i < GateLoader.CALL_STUBS; i++) {
                        places.put(
                                prefix + "call_stub_" + i,
                                new GateTemplate.Place(page, 64 + i * 16));
                        places.put(
                                prefix + "call_target_" + i,
                                new GateTemplate.Place(page, 65 + i * 16));
                    }
                    for (int i = 0; i < GateLoader.FILTERS; i++) {
                        int start = 0x400 + i * 256;
                        places.put(prefix + "filter_" + i, new GateTemplate.Place(page, start));
                        places.put(
                                prefix + "filter_load_" + i, new GateTemplate.Place(page, start));
                        places.put(
                                prefix + "filter_mask_" + i,
                                new GateTemplate.Place(page, start + 8));
                        places.put(
                                prefix + "filter_count_" + i,
                                new GateTemplate.Place(page, start + 16));
                        places.put(
                                prefix + "filter_skip_" + i,
                                new GateTemplate.Place(page, start + 24));
                        places.put(
                                prefix + "filter_target_" + i,
                                new GateTemplate.Place(page, start + 32));
                        places.put(
                                prefix + "filter_bits_" + i,
                                new GateTemplate.Place(page, start + 64));
                    }
                });
        places.put("x1_port", new GateTemplate.Place(GateTemplate.Page.EXIT, 32));
        places.put("g1_entry_vmfunc", new GateTemplate.Place(GateTemplate.Page.ENTRY, 4093));
        places.put("g1_exit", new GateTemplate.Place(GateTemplate.Page.ENTRY, 3072));
        places.put("g1_sim_exit", new GateTemplate.Place(GateTemplate.Page.ENTRY_SIM, 3072));
        List<String> inner = List.of(
                "g2_sim_cr3",
                "g2_sim_cr3_low",
                "g2_sim_cr3_high",
                "g2_stack_first",
                "g2_stack_again",
                "g2_stack_stride",
                "g2_stack_end",
                "g2_dispatch");
        for (int i = 0; i < inner.size(); i++) {
            places.put(
                    inner.get(i), new GateTemplate.Place(GateTemplate.Page.INNER, 0x100 + i * 16));
        }
        return new GateTemplate(
                Path.of("gates.elf"),
                filled(0xcc),
                filled(0xcc),
                filled(0xcc),
                filled(0xcc),
                places);
    }

    /** The same, but that G2 reads the last branch record. */
    static GateTemplate lastBranchGates() {
        Map<String, GateTemplate.Place> places = new HashMap<>(gates().patches());
        places.put(GateLoader.GATE_PAGE, new GateTemplate.Place(GateTemplate.Page.INNER, 0x200));
        ByteBuffer inner = filled(0xcc);
        inner.put(0x1f9, new byte[] {(byte) 0xb9, (byte) 0xdc, 0x01, 0x00, 0x00, 0x0f, 0x32});
        return new GateTemplate(
                Path.of("gates-lbr.elf"), filled(0xcc), filled(0xcc), inner, filled(0xcc), places);
    }

    private static ByteBuffer filled(int value) {
        ByteBuffer page = ByteBuffer.allocate(4096);
        for (int i = 0; i < 4096; i++) {
            page.put(i, (byte) value);
        }
        return page;
    }

    static RegionPlan plan(long fileSize) {
        return plan(fileSize, 2, GUEST_MEMORY);
    }

    static RegionPlan plan(long fileSize, int stacks, long guestMemory) {
        return plan(fileSize, stacks, guestMemory, GateKind.VMFUNC);
    }

    static RegionPlan plan(long fileSize, int stacks, long guestMemory, GateKind gate) {
        return new RegionPlan(
                AREA,
                fileSize,
                guestMemory,
                stacks,
                0x510,
                gate,
                gates(),
                Optional.of(lastBranchGates()),
                program("core"),
                List.of(
                        new RegionPlan.PlannedMonitor(program("syscalls"), Map.of("calls", "open")),
                        new RegionPlan.PlannedMonitor(program("process"), Map.of())));
    }
}
