// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simvm.region.RegionSegment.Role;

/** Regions for the gates hypercall and exit: what differs from one for VMFUNC. */
class OtherGatesTests {
    private static final long TEXT = 0xffffffff9a000000L;
    private static final int PORT = 0x510;

    @TempDir
    Path folder;

    Path path;

    @BeforeEach
    void chooseName() {
        path = folder.resolve("region");
    }

    private static RegionPlan plan(GateKind gate) {
        return ExamplePrograms.plan(8 << 20, 3, ExamplePrograms.GUEST_MEMORY, gate);
    }

    private static BootValues boot() {
        return new BootValues(
                4,
                List.of(
                        new RamRange(0, 0xa0000),
                        new RamRange(0x100000, 0x7ff00000L),
                        new RamRange(4L << 30, 0x40000000L)),
                0xffff8a0000000000L,
                0x21440,
                new BootValues.KernelText(TEXT, TEXT + 0x2000000),
                509,
                List.of(TEXT + 0x1234L),
                List.of(new BootValues.ArmedHook(0, ExamplePrograms.hook(), TEXT + 105)),
                Map.of("offset:task_struct.pid", 2416L));
    }

    private static ByteBuffer all(RegionFile file, Role role) throws RegionException {
        RegionSegment segment = file.layout().segment(role);
        return file.read(segment, 0, (int) segment.size()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer header() throws Exception {
        return ByteBuffer.wrap(Files.readAllBytes(path), 0, 4096).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int instruction(ByteBuffer page, int at) {
        return (page.get(at) & 0xff) << 16
                | (page.get(at + 1) & 0xff) << 8
                | (page.get(at + 2) & 0xff);
    }

    @Property(tries = 100)
    void theProcessOfGateExitLiesApartFromWhatLinuxPutsIntoAProcess(@ForAll long seed)
            throws RegionException {
        RegionLayout layout = LayoutPlanner.place(plan(GateKind.EXIT), new Random(seed));
        for (RegionSegment segment : layout.segments()) {
            if (segment.role() == Role.GATE_ENTRY || segment.role() == Role.CHANNEL) {
                continue;
            }
            assertEquals(View.PROCESS, segment.view());
            assertEquals(segment.virtualAddress(), segment.gpa());
            assertTrue(
                    segment.gpa() >= 1L << 32
                            && segment.gpa() + segment.size() <= 0x500000000000L
                            && segment.gpa() % 4096 == 0,
                    segment.name());
        }
    }

    @Nested
    class Hypercall {
        @ParameterizedTest
        @CsvSource({"VMCALL, 0x0f01c1", "VMMCALL, 0x0f01d9"})
        void hasItsInstructionWhereVmfuncWasAndIsOtherwiseTheSame(GateKind gate, String bytes)
                throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan(gate))) {
                BootImage image = file.finalizeImage(boot());
                int expected = Integer.decode(bytes);
                assertEquals(expected, instruction(all(file, Role.GATE_ENTRY), 4093));
                assertEquals(expected, instruction(all(file, Role.GATE_ENTRY), 3072));
                assertEquals(expected, instruction(all(file, Role.GATE_ENTRY_SIM), 3072));
                assertEquals(0xcccccc, instruction(all(file, Role.GATE_ENTRY), 3075));
                assertEquals(0xcccccc, instruction(all(file, Role.GATE_ENTRY_SIM), 4093));
                assertEquals(0x21440, all(file, Role.GATE_ENTRY).getInt(16));
                assertEquals(file.layout().segment(Role.PAGE_TABLES).gpa(), image.simCr3());
                assertEquals(
                        2,
                        header().getInt(8),
                        "a device of the ABI's first version must not take it");
                assertEquals(1, header().getInt(52));
                assertEquals(0, header().getLong(2104));
            }
            assertEquals(GateKind.VMCALL, RegionFile.gate(path));
        }
    }

    @Nested
    class Exit {
        private final RegionPlan plan = plan(GateKind.EXIT);

        @Test
        void hasOneGatePageAndNothingElseInTheGuest() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                BootImage image = file.finalizeImage(boot());
                List<RegionSegment> shown = file.layout().segments().stream()
                        .filter(each -> each.view() != View.PROCESS)
                        .toList();
                assertEquals(
                        List.of(Role.GATE_ENTRY),
                        shown.stream().map(RegionSegment::role).toList());
                assertEquals(View.NORMAL, shown.get(0).view());
                assertEquals(Access.READ_EXECUTE, shown.get(0).access());
                assertEquals(0, image.simCr3());
                assertEquals(shown.get(0).gpa(), image.gatePages());

                ByteBuffer header = header();
                assertEquals(2, header.getInt(8));
                assertEquals(3 + 3 * 3, header.getInt(12));
                assertEquals(0, header.getLong(40));
                assertEquals(PORT, header.getInt(48));
                assertEquals(2, header.getInt(52));
                assertEquals(file.layout().segment(Role.CHANNEL).offset(), header.getLong(2104));
                assertEquals(3, header.getInt(56 + 32 + 24), "the second segment is the process's");
            }
        }

        @Test
        void patchesItsGate() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                BootImage image = file.finalizeImage(boot());
                ByteBuffer gate = all(file, Role.GATE_ENTRY);
                assertEquals(0x21440, gate.getInt(16));
                assertEquals(PORT, gate.getInt(32));
                assertEquals(TEXT + 0x1234, image.fentryEntry() + 65 + 4 + gate.getInt(65));
                assertEquals(List.of(image.fentryEntry() + 64), image.callStubs());
                assertEquals(0xcccccc, instruction(gate, 4093), "there is no VMFUNC in it");
            }
        }

        @Test
        void tellsTheMonitorsProcessWhereEverythingIs() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                file.finalizeImage(boot());
                ByteBuffer config = all(file, Role.CONFIGURATION);
                assertEquals(0, config.getInt(52), "the process rings no doorbell");
                assertEquals(file.layout().segment(Role.RING).virtualAddress(), config.getLong(16));
                ProcessEntry entry = file.processEntry();
                assertEquals(config.getLong(32), entry.directMap());
                RegionSegment core = file.layout().segments().stream()
                        .filter(each -> each.role() == Role.PROGRAM)
                        .findFirst()
                        .orElseThrow();
                assertEquals(core.virtualAddress() + 0x20, entry.dispatch());
                long end = entry.directMap() + (5L << 30);
                assertTrue(entry.directMap() % (1L << 30) == 0
                        && entry.directMap() >= 1L << 32
                        && end <= 0x500000000000L);
                for (RegionSegment segment : file.layout().segments()) {
                    assertTrue(segment.gpa() >= end
                            || segment.gpa() + segment.size() <= entry.directMap());
                }
                assertFalse(entry.toString().contains(Long.toHexString(entry.dispatch())));
                assertEquals(3, all(file, Role.CHANNEL).getInt(8), "slots: one for each vCPU");
                assertEquals(0, file.servingProcess());
            }
        }

        @Test
        void isFoundAgainWithAllItsAddresses() throws Exception {
            RegionLayout before;
            ProcessEntry entry;
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                file.finalizeImage(boot());
                before = file.layout();
                entry = file.processEntry();
            }
            assertEquals(GateKind.EXIT, RegionFile.gate(path));
            try (RegionFile file = RegionFile.attach(path, plan)) {
                assertTrue(file.needsReset());
                for (int i = 1; i < before.segments().size(); i++) {
                    assertEquals(
                            before.segments().get(i), file.layout().segments().get(i));
                }
                assertEquals(entry, file.processEntry());
                file.reset();
                assertFalse(file.needsReset());
                file.finalizeImage(boot());
            }
            assertThrows(
                    RegionException.class,
                    () -> RegionFile.attach(path, plan(GateKind.VMFUNC)).close());
        }

        @Test
        void leavesMoreRoomForEventsThanTheOthers() throws RegionException {
            RegionPlan least = ExamplePrograms.plan(
                    RegionSize.requiredSize(plan), 3, ExamplePrograms.GUEST_MEMORY, GateKind.EXIT);
            assertEquals(RegionPlan.MIN_RING_CAPACITY, RegionSize.ringCapacity(least));
            assertTrue(
                    RegionSize.requiredSize(plan) < RegionSize.requiredSize(plan(GateKind.VMFUNC)));
            RegionLayout layout = LayoutPlanner.place(plan, new Random(1));
            long end = 4096;
            for (RegionSegment segment : layout.segments()) {
                assertEquals(end, segment.offset(), segment.name());
                end += segment.size();
            }
            assertTrue(end <= plan.fileSize());
        }
    }

    @Test
    void aHeaderWithAnotherGateIsRefused() throws Exception {
        RegionFile.create(path, null, plan(GateKind.VMFUNC)).close();
        byte[] bytes = Files.readAllBytes(path);
        bytes[52] = 9;
        Files.write(path, bytes);
        assertTrue(assertThrows(RegionException.class, () -> RegionFile.gate(path))
                .getMessage()
                .contains("gate 9"));
    }
}
