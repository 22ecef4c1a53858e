// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/**
 * The SIM page tables always fit into the room that the plan reserved for them, and never grow past
 * it.
 */
class SimPageTablesTests {
    private static List<RamRange> ram(Random random, long memory) {
        List<RamRange> ranges = new ArrayList<>();
        long at = 0;
        long left = memory / 4096;
        int count = 1 + random.nextInt(SimAbi.MAX_RAM_RANGES);
        long holes = (3L << 30) / 4096 / count;
        for (int i = 0; i < count && left > 0; i++) {
            long pages = i == count - 1 ? left : 1 + random.nextLong(left);
            ranges.add(new RamRange(at * 4096, pages * 4096));
            at += pages + 1 + random.nextLong(holes);
            left -= pages;
        }
        return ranges;
    }

    @Property(tries = 300)
    void aPlansRoomIsEnoughForAnyLayoutAndAnyRam(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 64) int stacks,
            @ForAll @IntRange(min = 16, max = 27) int ringBits,
            @ForAll @IntRange(min = 20, max = 38) int memoryBits)
            throws RegionException {
        Random random = new Random(seed);
        long memory = 1L << memoryBits;
        long size = (1L << ringBits) * 2 + (8 << 20);
        RegionPlan plan = ExamplePrograms.plan(size, stacks, memory);
        RegionLayout layout = LayoutPlanner.place(plan, random);
        List<RamRange> ram = ram(random, memory);
        long text = 0xffffffff80000000L + random.nextInt(400) * (2L << 20);
        BootValues boot = new BootValues(
                4 + random.nextInt(2),
                ram,
                0,
                0,
                new BootValues.KernelText(text, text + (50 << 20)),
                508 + random.nextInt(2),
                List.of(),
                List.of(),
                Map.of("offset:task_struct.pid", 1L));
        ImageBuilder builder;
        try {
            builder = new ImageBuilder(plan, layout, boot, random);
        } catch (RegionException unreachable) {
            assertTrue(
                    boot.gateSlot() == 508 && unreachable.getMessage().contains("slot 509"),
                    unreachable.getMessage());
            return;
        }
        builder.build();
        RegionSegment tables = builder.layout().segment(RegionSegment.Role.PAGE_TABLES);
        long mapped = new PageWalk(builder.bytes(tables), tables.gpa(), boot.pagingLevels())
                .all().stream().mapToLong(PageWalk.Mapping::size).sum();
        long ringSegment = builder.layout().segment(RegionSegment.Role.RING).size();
        long expected = memory + ringSegment + stacks * 16384L + 3 * 5 * 4096 + 2 * 4096 + 4096;
        assertEquals(expected, mapped);
    }

    @Test
    void moreRamThanThePlanKnewIsAnErrorAndNoOverrun() {
        SimPageTables tables = new SimPageTables(4, 1L << 39, 4 * 4096);
        List<RamRange> ranges = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ranges.add(new RamRange(((long) i << 30) + 4096, 4096));
        }
        RegionException error =
                assertThrows(RegionException.class, () -> tables.mapDirect(1L << 40, ranges));
        assertTrue(error.getMessage().contains("maxMemory"), error.getMessage());
    }
}
