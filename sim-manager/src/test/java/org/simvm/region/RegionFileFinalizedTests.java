// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simvm.region.RegionSegment.Role;

/** A region file that is filled in for a boot. */
class RegionFileFinalizedTests extends RegionFileFixture {
    @Nested
    class WhenFinalized {
        @ParameterizedTest
        @CsvSource({"4, 509", "5, 509", "4, 508", "5, 508"})
        void mapsInTheSimWorldWhatBelongsThereAndNothingElse(int levels, int slot)
                throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                BootImage image = file.finalizeImage(boot(levels, slot));
                RegionSegment tables = image.layout().segment(Role.PAGE_TABLES);
                assertEquals(tables.gpa(), image.simCr3());
                List<PageWalk.Mapping> left = new ArrayList<>(
                        new PageWalk(all(file, tables), tables.gpa(), levels).all());
                left.forEach(mapping -> {
                    assertTrue(
                            mapping.accessed() && !mapping.user() && !mapping.global(),
                            mapping.toString());
                    assertEquals(mapping.writable(), mapping.dirty(), mapping.toString());
                    assertFalse(mapping.writable() && mapping.executable(), mapping.toString());
                });
                for (RegionSegment segment : image.layout().segments()) {
                    if (segment.role() == Role.GATE_ENTRY
                            || segment.role() == Role.PAGE_TABLES
                            || segment.role() == Role.STACKS) {
                        continue;
                    }
                    for (long at = 0; at < segment.size(); at += 4096) {
                        assertTrue(
                                left.remove(new PageWalk.Mapping(
                                        segment.virtualAddress() + at,
                                        segment.gpa() + at,
                                        4096,
                                        segment.access().write(),
                                        segment.access().execute(),
                                        false,
                                        true,
                                        segment.access().write(),
                                        false)),
                                segment.name() + " at " + at);
                    }
                }
                removeStacks(left, image.layout().segment(Role.STACKS));
                removeDirectMap(left, config(file, image).getLong(32));
                assertEquals(List.of(), left);
            }
        }

        private void removeStacks(List<PageWalk.Mapping> left, RegionSegment stacks) {
            for (int i = 0; i < 2; i++) {
                for (long at = 0; at < 16384; at += 4096) {
                    assertTrue(
                            left.remove(new PageWalk.Mapping(
                                    stacks.virtualAddress() + i * 20480L + 4096 + at,
                                    stacks.gpa() + i * 16384L + at,
                                    4096,
                                    true,
                                    false,
                                    false,
                                    true,
                                    true,
                                    false)),
                            "stack " + i);
                }
            }
        }

        private void removeDirectMap(List<PageWalk.Mapping> left, long base) {
            assertEquals(0, base % (1L << 30));
            long mapped = 0;
            for (PageWalk.Mapping mapping : List.copyOf(left)) {
                if (mapping.virtual() - base == mapping.physical()) {
                    assertTrue(mapping.writable() && !mapping.executable());
                    mapped += mapping.size();
                    left.remove(mapping);
                    if (mapping.physical() == 1L << 30 || mapping.physical() == 4L << 30) {
                        assertEquals(1L << 30, mapping.size());
                    }
                }
            }
            assertEquals(0xa0000 + 0x7ff00000L + 0x40000000L, mapped);
        }

        private ByteBuffer config(RegionFile file, BootImage image) throws RegionException {
            return all(file, image.layout().segment(Role.CONFIGURATION));
        }

        @Test
        void tellsTheMonitorWhatItNeedsToKnow() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                BootImage image = file.finalizeImage(boot(5, 509));
                ByteBuffer config = config(file, image);
                assertEquals(3, config.getInt(0));
                assertEquals(2, config.getInt(4));
                assertEquals(16384, config.getLong(8));
                assertEquals(
                        image.layout().segment(Role.RING).virtualAddress(), config.getLong(16));
                assertEquals(4 * MIB, config.getLong(24));
                assertEquals(image.layout().segment(Role.RING).size() - 4096, config.getLong(24));
                assertEquals(0xffff8a0000000000L, config.getLong(40));
                assertEquals(5, config.getInt(48));
                assertEquals(0x510, config.getInt(52));
                assertEquals(3, config.getInt(56));
                assertEquals(2, config.getInt(60));
                assertEquals(1L << 20, config.getLong(64)); // the largest range of RAM first
                assertEquals(4L << 30, config.getLong(64 + 16));
                assertEquals(0, config.getLong(64 + 32));
                RegionSegment monitor = image.layout().segments().stream()
                        .filter(each -> each.name().equals("process r-x"))
                        .findFirst()
                        .orElseThrow();
                int second = 256 + 32 * (int) (((TEXT + 205) * config.getLong(192)) >>> 58);
                assertEquals(TEXT + 205, config.getLong(second));
                assertEquals(
                        monitor.virtualAddress() + ExamplePrograms.HANDLER,
                        config.getLong(second + 8));
                assertEquals(7, config.getInt(second + 16));
                assertEquals(1, config.getInt(second + 20));
            }
        }

        @Test
        void relocatesProgramsAndFillsSlotsAndParameters() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                BootImage image = file.finalizeImage(boot(4, 509));
                List<RegionSegment> programs = image.layout().segments().stream()
                        .filter(each -> each.role() == Role.PROGRAM)
                        .toList();
                RegionSegment code = programs.get(3);
                ByteBuffer data = all(file, programs.get(4));
                ByteBuffer writable = all(file, programs.get(5));
                assertEquals("syscalls r--", programs.get(4).name());
                assertEquals((byte) 0xc3, all(file, code).get(0));
                assertEquals(code.virtualAddress() + 0x1000, programs.get(4).virtualAddress());
                assertEquals(code.virtualAddress() + 0x2000, programs.get(5).virtualAddress());
                assertEquals(code.virtualAddress() + ExamplePrograms.HANDLER, writable.getLong((int)
                        (ExamplePrograms.POINTER - 0x2000)));
                assertEquals(
                        image.layout().segment(Role.CONFIGURATION).virtualAddress(),
                        data.getLong(0));
                assertEquals(0, data.getLong(8));
                assertEquals(2416, data.getLong(16));
                assertEquals(1L << 2, data.getLong(0x100));
                assertEquals(1L << 5, data.getLong(0x108));
                assertEquals(
                        -1,
                        all(file, programs.get(1)).getLong(8),
                        "core is no monitor of the settings");
                assertEquals(1, all(file, programs.get(7)).getLong(8));
            }
        }

        @Test
        void patchesTheGates() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                BootImage image = file.finalizeImage(boot(4, 509));
                RegionLayout layout = image.layout();
                RegionSegment entry = layout.segment(Role.GATE_ENTRY);
                ByteBuffer g1 = all(file, entry);
                ByteBuffer g2 = all(file, layout.segment(Role.GATE_INNER));
                assertEquals(0x21440, g1.getInt(16));
                assertEquals(TEXT + 0x1234, entry.virtualAddress() + 65 + 4 + g1.getInt(65));
                assertEquals(
                        0xcccccccc, g1.getInt(65 + 16), "a stub that is not used stays as it was");
                assertEquals(image.simCr3(), g2.getLong(0x100));
                assertEquals(image.simCr3(), g2.getInt(0x110) + ((long) g2.getInt(0x120) << 31));
                long first = layout.segment(Role.STACKS).virtualAddress() + 20480 - 16;
                assertEquals(first, g2.getLong(0x130));
                assertEquals(first, g2.getLong(0x140));
                assertEquals(20480, g2.getInt(0x150));
                assertEquals((int) (first + 2 * 20480), g2.getInt(0x160));
                RegionSegment core = layout.segments().stream()
                        .filter(each -> each.role() == Role.PROGRAM)
                        .findFirst()
                        .orElseThrow();
                assertEquals(core.virtualAddress() + 0x20, g2.getLong(0x170));
                byte[] sim = new byte[4096];
                all(file, layout.segment(Role.GATE_ENTRY_SIM)).get(sim);
                byte[] untouched = new byte[4096];
                plan.gates().entrySim().get(0, untouched);
                assertArrayEquals(
                        untouched, sim, "nothing secret goes into what is the same page for all");

                assertEquals(0xffffffff40000000L, image.gateVirtualBase());
                assertEquals(image.gateFrame() | 0xa1, image.gateEntry());
                assertEquals(entry.gpa(), image.gatePages());
                assertEquals(entry.gpa() + 4096, layout.segment(Role.GATE_INNER).gpa());
                assertEquals(
                        entry.gpa() - image.gateFrame() + image.gateVirtualBase(),
                        image.fentryEntry());
                assertEquals(List.of(image.fentryEntry() + 64), image.callStubs());
            }
        }

        @Test
        void takesTheGateThatReadsTheLastBranchWhereQemuKeepsARecord() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                assertFalse(file.readsLastBranch());
                BootImage image = file.finalizeImage(boot(4, 509), file.plan().area(), true);
                assertTrue(file.readsLastBranch());
                RegionLayout layout = image.layout();
                assertEquals(
                        (int) (layout.segment(Role.GATE_ENTRY).virtualAddress() >> 12),
                        all(file, layout.segment(Role.GATE_INNER)).getInt(0x200));
                file.finalizeImage(boot(4, 509), file.plan().area(), false);
                assertFalse(file.readsLastBranch());
            }
            try (RegionFile later = RegionFile.attach(path, plan)) {
                assertFalse(later.readsLastBranch());
            }
        }

        @Test
        void knowsOfAnEarlierManagersGateThatItReadsTheLastBranch() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                file.finalizeImage(boot(4, 509), file.plan().area(), true);
            }
            try (RegionFile later = RegionFile.attach(path, plan)) {
                assertTrue(later.readsLastBranch());
            }
        }

        @Test
        void hasNoSuchGateButForVmfunc() throws Exception {
            for (GateKind gate : List.of(GateKind.VMCALL, GateKind.VMMCALL)) {
                RegionPlan other = ExamplePrograms.plan(8 * MIB, 2, 1L << 30, gate);
                try (RegionFile file =
                        RegionFile.create(folder.resolve(gate.name()), null, other)) {
                    file.finalizeImage(boot(4, 509), file.plan().area(), true);
                    assertFalse(file.readsLastBranch());
                }
            }
        }

        @SuppressWarnings("UnnecessaryLongToIntConversion") // that it fits is what is tested
        @Test
        void keepsTheGatesWithinReachOfEveryCall() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                long end = 0xffffffffc0000000L;
                for (int slot = 508; slot <= 509; slot++) {
                    long last = slot == 509 ? end : 0xffffffffa0000000L;
                    BootValues values = boot(4, slot);
                    BootValues wide = new BootValues(
                            4,
                            values.ram(),
                            0,
                            0,
                            new BootValues.KernelText(0xffffffff80000000L, last),
                            slot,
                            List.of(),
                            List.of(),
                            values.slots());
                    for (int i = 0; i < 200; i++) {
                        BootImage image = file.finalizeImage(wide);
                        for (long site : new long[] {0xffffffff80000000L + 5, last}) {
                            assertEquals(
                                    image.fentryEntry() - site, (int) (image.fentryEntry() - site));
                            assertEquals(image.fentryEntry() + 4095 - site, (int)
                                    (image.fentryEntry() + 4095 - site));
                        }
                    }
                }
                BootValues tooFar = new BootValues(
                        4,
                        boot(4, 508).ram(),
                        0,
                        0,
                        new BootValues.KernelText(0xffffffff80000000L, end),
                        508,
                        List.of(),
                        List.of(),
                        boot(4, 508).slots());
                RegionException error =
                        assertThrows(RegionException.class, () -> file.finalizeImage(tooFar));
                assertTrue(error.getMessage().contains("slot 509"), error.getMessage());
            }
        }

        @Test
        void namesTheSlotThatHasNoValue() throws Exception {
            BootValues values = boot(4, 509);
            BootValues without = new BootValues(
                    4,
                    values.ram(),
                    0,
                    0,
                    values.kernelText(),
                    509,
                    List.of(),
                    List.of(),
                    Map.of());
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                RegionException error =
                        assertThrows(RegionException.class, () -> file.finalizeImage(without));
                assertTrue(
                        error.getMessage()
                                .startsWith("monitor core wants 'offset:task_struct.pid'"),
                        error.getMessage());
            }
        }

        @Test
        void refusesRamInTheSimArea() throws Exception {
            BootValues values = boot(4, 509);
            BootValues overlapping = new BootValues(
                    4,
                    List.of(new RamRange(0, (1L << 39) + 4096)),
                    0,
                    0,
                    values.kernelText(),
                    509,
                    List.of(),
                    List.of(),
                    values.slots());
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                assertTrue(
                        assertThrows(RegionException.class, () -> file.finalizeImage(overlapping))
                                .getMessage()
                                .contains("SIM area"));
            }
        }
    }
}
