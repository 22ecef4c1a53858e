// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gates and monitors that the project builds go into a region. */
@Tag("integration")
class BuiltMonitorTests {
    private static final long TEXT = 0xffffffff81000000L;
    private static final Path BUILD = Path.of("..", "native-qemu-patch", "monitor", "build")
            .toAbsolutePath()
            .normalize();

    @TempDir
    Path folder;

    @BeforeEach
    void needsTheBuild() {
        Assumptions.assumeTrue(
                Files.exists(BUILD.resolve("gates.elf")),
                "skipped: no " + BUILD.resolve("gates.elf")
                        + " (make -C native-qemu-patch/monitor)");
    }

    @Test
    void theyFitIntoAMegabyteAndCanBeFinalized() throws Exception {
        MonitorProgram syscalls = ProgramLoader.load(BUILD.resolve("syscalls.elf"));
        MonitorProgram process = ProgramLoader.load(BUILD.resolve("process.elf"));
        RegionPlan plan = new RegionPlan(
                ExamplePrograms.AREA,
                1 << 20,
                1L << 30,
                2,
                0x510,
                GateKind.VMFUNC,
                GateLoader.load(BUILD.resolve("gates.elf")),
                Optional.of(GateLoader.load(BUILD.resolve("gates-lbr.elf"))),
                ProgramLoader.load(BUILD.resolve("core.elf")),
                List.of(
                        new RegionPlan.PlannedMonitor(syscalls, Map.of("calls", "execve,openat")),
                        new RegionPlan.PlannedMonitor(process, Map.of())));
        Map<String, Long> slots = new TreeMap<>();
        long value = 100;
        for (MonitorProgram program : plan.programs()) {
            for (SlotDeclaration slot : program.slots()) {
                if (!slot.filledByRegion()) {
                    slots.putIfAbsent(slot.name(), value++);
                }
            }
        }
        List<BootValues.ArmedHook> hooks = new ArrayList<>();
        for (HookDeclaration hook : syscalls.hooks()) {
            hooks.add(new BootValues.ArmedHook(0, hook, TEXT + 5 + 64L * hooks.size()));
        }
        for (HookDeclaration hook : process.hooks()) {
            hooks.add(new BootValues.ArmedHook(1, hook, TEXT + 5 + 64L * hooks.size()));
        }
        try (RegionFile file = RegionFile.create(folder.resolve("region"), null, plan)) {
            BootValues values = new BootValues(
                    4,
                    List.of(new RamRange(0, 1L << 30)),
                    0xffff888000000000L,
                    0x1fbc0,
                    new BootValues.KernelText(TEXT, TEXT + (32 << 20)),
                    509,
                    List.of(TEXT + 1, TEXT + 2),
                    hooks,
                    slots);
            BootImage image = file.finalizeImage(values);
            slotsAreWhereTheMonitorLooks(file, image, syscalls, slots);
            theHandlersLieInExecutableSegments(file, image, hooks.size());
            theGateCodeIsThatOfTheTemplate(file, image, plan.gates());
            assertFalse(file.readsLastBranch());
            file.finalizeImage(values, file.plan().area(), true);
            assertTrue(file.readsLastBranch());
        }
    }

    private static void slotsAreWhereTheMonitorLooks(
            RegionFile file, BootImage image, MonitorProgram program, Map<String, Long> slots)
            throws RegionException {
        RegionSegment data = image.layout().segments().stream()
                .filter(each -> each.name().equals("syscalls r--"))
                .findFirst()
                .orElseThrow();
        long linked = program.segments().get(1).virtualAddress();
        ByteBuffer bytes = file.read(data, 0, (int) data.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (SlotDeclaration slot : program.slots()) {
            long seen = bytes.getLong((int) (slot.address() - linked));
            assertEquals(
                    slot.name().equals("config")
                            ? image.layout()
                                    .segment(RegionSegment.Role.CONFIGURATION)
                                    .virtualAddress()
                            : slots.get(slot.name()),
                    seen,
                    slot.name());
        }
        ParameterDeclaration calls = program.parameters().get(0);
        assertTrue(
                (bytes.getLong((int) (calls.address() - linked)) & 1L << 59) != 0,
                "execve is number 59 at the 64-bit door");
    }

    private static void theHandlersLieInExecutableSegments(
            RegionFile file, BootImage image, int count) throws RegionException {
        ByteBuffer config = file.read(
                        image.layout().segment(RegionSegment.Role.CONFIGURATION), 0, 4096)
                .order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(count, config.getInt(SimAbi.Config.HOOK_COUNT));
        int found = 0;
        for (int i = 0; i < SimAbi.HOOK_SLOTS; i++) {
            long handler = config.getLong(SimAbi.Config.HOOKS + i * SimAbi.Config.HOOK_SIZE + 8);
            if (handler == 0) {
                continue;
            }
            found++;
            assertTrue(image.layout().segments().stream()
                    .anyMatch(each -> each.access().execute()
                            && each.role() == RegionSegment.Role.PROGRAM
                            && handler >= each.virtualAddress()
                            && handler < each.virtualAddress() + each.size()));
        }
        assertEquals(count, found);
    }

    private static void theGateCodeIsThatOfTheTemplate(
            RegionFile file, BootImage image, GateTemplate gates) throws RegionException {
        ByteBuffer entry =
                file.read(image.layout().segment(RegionSegment.Role.GATE_ENTRY), 0, 4096);
        ByteBuffer simEntry =
                file.read(image.layout().segment(RegionSegment.Role.GATE_ENTRY_SIM), 0, 4096);
        // vmfunc is 0f 01 d4: the entry one ends the page in the normal view, and is not there in
        // the SIM
        // view.
        assertEquals(
                0x0f01d4,
                (entry.get(4093) & 0xff) << 16
                        | (entry.get(4094) & 0xff) << 8
                        | (entry.get(4095) & 0xff));
        assertNotEquals(entry.get(4095), simEntry.get(4095));
        assertEquals(
                (byte) 0xe9,
                entry.get(gates.patches().get("g1_call_target_1").offset() - 1),
                "jmp rel32");
        assertFalse(image.callStubs().isEmpty());
    }
}
