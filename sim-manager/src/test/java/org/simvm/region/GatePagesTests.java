// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The gate page that hooks call")
class GatePagesTests {
    private static final long TEXT = 0xffffffff81000000L;
    private static final int FIRST_FILTER = 0x400;
    private static final int SECOND_FILTER = 0x500;

    @TempDir
    Path folder;

    private BootImage image;
    private ByteBuffer page;

    private void build(GateKind gate, Map<String, String> parameters) throws Exception {
        RegionPlan plan = new RegionPlan(
                ExamplePrograms.AREA,
                4 << 20,
                1L << 30,
                2,
                0x510,
                gate,
                ExamplePrograms.gates(),
                ExamplePrograms.program("core"),
                List.of(new RegionPlan.PlannedMonitor(ExamplePrograms.filtering(), parameters)));
        List<BootValues.ArmedHook> hooks = new ArrayList<>();
        List<Long> targets = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            hooks.add(
                    new BootValues.ArmedHook(0, ExamplePrograms.call(id), TEXT + 5 + id * 0x100L));
            targets.add(TEXT + 0x10000L * id);
        }
        try (RegionFile file = RegionFile.create(folder.resolve("region"), null, plan)) {
            image = file.finalizeImage(new BootValues(
                    4,
                    List.of(new RamRange(0, 1L << 30)),
                    0xffff888000000000L,
                    0x1fbc0,
                    new BootValues.KernelText(TEXT, TEXT + (32 << 20)),
                    509,
                    targets,
                    hooks,
                    Map.of("offset:task_struct.pid", 0x78L)));
            page = file.read(image.layout().segment(RegionSegment.Role.GATE_ENTRY), 0, 4096)
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private long start() {
        return image.layout().segment(RegionSegment.Role.GATE_ENTRY).virtualAddress();
    }

    private long jumpAt(int offset) {
        return start() + offset + 4 + page.getInt(offset);
    }

    @ParameterizedTest
    @EnumSource(
            value = GateKind.class,
            names = {"VMFUNC", "EXIT"})
    @DisplayName(
            "has a filter for each hook that wants some calls, and a plain stub for the others")
    void hasAFilterForEachHookThatWantsSomeCalls(GateKind gate) throws Exception {
        build(gate, Map.of("calls", "open"));
        assertEquals(
                List.of(start() + FIRST_FILTER, start() + SECOND_FILTER, start() + 64),
                image.callStubs());

        byte[] load = new byte[6];
        page.get(FIRST_FILTER, load);
        assertArrayEquals(
                new byte[] {(byte) 0x8d, (byte) 0x86, 0, 0, 0, 0}, load, "lea 0(%rsi), %eax");
        assertEquals(0xbfffffff, page.getInt(FIRST_FILTER + 8));
        assertEquals(64, page.getInt(FIRST_FILTER + 16));
        assertEquals(TEXT + 0x10000, jumpAt(FIRST_FILTER + 24));
        assertEquals(TEXT + 0x10000, jumpAt(FIRST_FILTER + 32));
        assertEquals(1L << 2, page.getLong(FIRST_FILTER + 64), "open is bit 2 of the set");

        assertEquals((short) 0x878b, page.getShort(SECOND_FILTER), "mov disp32(%rdi), %eax");
        assertEquals(0x78, page.getInt(SECOND_FILTER + 2));
        assertEquals(-1, page.getInt(SECOND_FILTER + 8));
        assertEquals(60, page.getInt(SECOND_FILTER + 16));
        assertEquals(
                1L << 5, page.getLong(SECOND_FILTER + 64), "and bit 69, which is 5 from 64 on");

        assertEquals(TEXT + 0x30000, jumpAt(65), "the third hook has no filter");
    }

    @ParameterizedTest
    @ValueSource(strings = {"all", "none"})
    @DisplayName(
            "needs no filter for a set that spares no call, and spares all calls of an empty one")
    void needsNoFilterForASetThatSparesNoCall(String calls) throws Exception {
        build(GateKind.VMFUNC, Map.of("calls", calls));
        assertEquals(
                start() + (calls.equals("all") ? 64 : FIRST_FILTER),
                image.callStubs().get(0));
        assertEquals(
                calls.equals("all") ? 0xccccccccccccccccL : 0, page.getLong(FIRST_FILTER + 64));
    }

    @Test
    @DisplayName("has none where the settings turn filters off")
    void hasNoneWhereTheSettingsTurnFiltersOff() throws Exception {
        build(GateKind.VMFUNC, Map.of("calls", "open", "filter", "no"));
        assertEquals(List.of(start() + 64, start() + 80, start() + 96), image.callStubs());
        assertEquals(TEXT + 0x10000, jumpAt(65));
    }

    @Test
    @DisplayName("reads the built syscalls monitor's filters, one for each door")
    void readsTheBuiltMonitorsFilters() throws Exception {
        Path elf = CCompiler.headers().resolveSibling("build").resolve("syscalls.elf");
        Assumptions.assumeTrue(Files.exists(elf), "skipped: no " + elf);
        MonitorProgram program = ProgramLoader.load(elf);
        assertEquals(
                List.of(1, 2, 3, 4, 5),
                program.filters().stream().map(FilterDeclaration::hook).toList());
        assertEquals(
                0x40000000, program.filters().get(0).ignored(), "the x32 bit is no way around it");
        assertTrue(program.filters().stream().allMatch(filter -> filter.count() == 1024));
        assertTrue(program.filters().stream()
                .skip(1)
                .allMatch(filter -> filter.first() == 1024 && filter.slot() != 0));
    }
}
