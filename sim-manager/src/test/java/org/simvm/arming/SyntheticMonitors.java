// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simvm.region.Access;
import org.simvm.region.GateKind;
import org.simvm.region.GateTemplate;
import org.simvm.region.HookDeclaration;
import org.simvm.region.MonitorProgram;
import org.simvm.region.ProgramSegment;
import org.simvm.region.RegionArea;
import org.simvm.region.RegionPlan;
import org.simvm.region.SlotDeclaration;

/** Gates and monitors of the right shape, for a region whose code nobody runs. */
public final class SyntheticMonitors {
    private SyntheticMonitors() {}

    public static HookDeclaration fentry(String function, int id, int group, boolean optional) {
        return new HookDeclaration(
                HookDeclaration.Kind.FENTRY,
                function,
                List.of(),
                "",
                0x10L * id,
                id,
                group,
                optional);
    }

    public static HookDeclaration call(String caller, String function, int id) {
        return new HookDeclaration(
                HookDeclaration.Kind.CALL, function, List.of(), caller, 0x10L * id, id, 0, false);
    }

    /**
     * Hooks that the synthetic guest has places for: one of each kind, and a function without
     * {@code ENDBR64}.
     */
    public static List<HookDeclaration> usual() {
        return List.of(
                fentry("wake_up_new_task", 1, 0, false),
                fentry("begin_new_exec", 2, 0, false),
                call("entry_SYSCALL_64_after_hwframe", "do_syscall_64", 3));
    }

    public static RegionPlan plan(List<HookDeclaration> hooks, String... slots) {
        return new RegionPlan(
                new RegionArea(1L << 39, 1L << 39),
                2 << 20,
                SyntheticGuest.RAM,
                2,
                0x510,
                GateKind.VMFUNC,
                gates(),
                Optional.of(lastBranchGates()),
                program("core", 0x20, List.of()),
                List.of(new RegionPlan.PlannedMonitor(
                        program("watcher", 0, hooks, slots), Map.of())));
    }

    private static MonitorProgram program(
            String name, long dispatch, List<HookDeclaration> hooks, String... slots) {
        ByteBuffer code = ByteBuffer.allocate(4096);
        ByteBuffer constants = ByteBuffer.allocate(4096);
        for (int i = 0; i < 4096; i++) {
            code.put(i, (byte) (i * 7 + name.length()));
        }
        List<SlotDeclaration> declared = new ArrayList<>();
        for (int i = 0; i < slots.length; i++) {
            declared.add(new SlotDeclaration(slots[i], 0x1000 + 8L * i));
        }
        return new MonitorProgram(
                name,
                Path.of(name + ".elf"),
                List.of(
                        new ProgramSegment(0, 4096, Access.READ_EXECUTE, code),
                        new ProgramSegment(0x1000, 4096, Access.READ_ONLY, constants),
                        new ProgramSegment(
                                0x2000, 4096, Access.READ_WRITE, ByteBuffer.allocate(8))),
                Map.of(),
                hooks,
                declared,
                List.of(),
                List.of(),
                dispatch);
    }

    private static GateTemplate lastBranchGates() {
        GateTemplate plain = gates();
        Map<String, GateTemplate.Place> patches = new HashMap<>(plain.patches());
        patches.put("g2_gate_page", new GateTemplate.Place(GateTemplate.Page.INNER, 0x800));
        ByteBuffer inner = ByteBuffer.allocate(4096);
        inner.put(0x7f9, new byte[] {(byte) 0xb9, (byte) 0xdc, 0x01, 0x00, 0x00, 0x0f, 0x32});
        return new GateTemplate(
                Path.of("gates-lbr.elf"),
                plain.entry(),
                plain.entrySim(),
                inner,
                plain.exit(),
                patches);
    }

    private static GateTemplate gates() {
        Map<String, GateTemplate.Place> patches = new HashMap<>();
        int at = 0;
        for (String symbol : List.of("g1_fentry", "g1_current_offset")) {
            patches.put(symbol, new GateTemplate.Place(GateTemplate.Page.ENTRY, at += 16));
        }
        for (int i = 0; i < 16; i++) {
            patches.put(
                    "g1_call_stub_" + i, new GateTemplate.Place(GateTemplate.Page.ENTRY, at += 16));
            patches.put(
                    "g1_call_target_" + i, new GateTemplate.Place(GateTemplate.Page.ENTRY, at + 1));
        }
        for (String symbol : List.of(
                "g2_sim_cr3",
                "g2_sim_cr3_low",
                "g2_sim_cr3_high",
                "g2_stack_first",
                "g2_stack_again",
                "g2_stack_stride",
                "g2_stack_end",
                "g2_dispatch")) {
            patches.put(symbol, new GateTemplate.Place(GateTemplate.Page.INNER, at += 16));
        }
        return new GateTemplate(
                Path.of("gates.elf"),
                ByteBuffer.allocate(4096),
                ByteBuffer.allocate(4096),
                ByteBuffer.allocate(4096),
                ByteBuffer.allocate(4096),
                patches);
    }
}
