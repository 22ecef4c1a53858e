// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.simvm.region.RegionSegment.Role;

/** Random addresses: everywhere in the area, never on top of each other, never the same. */
class LayoutPlannerTests {
    private static boolean overlap(long a, long aSize, long b, long bSize) {
        return a < b + bSize && b < a + aSize;
    }

    @Property(tries = 200)
    void nothingOverlapsOrTouchesAndNothingButTheGateIsInTheGatesFrame(@ForAll long seed)
            throws RegionException {
        RegionLayout layout = LayoutPlanner.place(ExamplePrograms.plan(8 << 20), new Random(seed));
        List<RegionSegment> segments = layout.segments();
        for (RegionSegment segment : segments) {
            assertTrue(layout.area().contains(segment.gpa(), segment.size()));
            boolean gate = segment.role().ordinal() <= Role.GATE_INNER.ordinal();
            assertEquals(
                    gate,
                    overlap(segment.gpa(), segment.size(), layout.gateFrame(), 1L << 30),
                    segment.name());
            assertTrue(
                    segment.virtualAddress() == 0
                            || (segment.virtualAddress() >= 1L << 30
                                    && segment.virtualAddress() + segment.size() < 1L << 47),
                    segment.name());
            for (RegionSegment other : segments) {
                if (segment.equals(other)
                        || (gate && other.role().ordinal() <= Role.GATE_INNER.ordinal())) {
                    continue;
                }
                assertFalse(
                        overlap(
                                segment.gpa() - 4096,
                                segment.size() + 8192,
                                other.gpa(),
                                other.size()),
                        segment.name());
                if (segment.virtualAddress() != 0
                        && other.virtualAddress() != 0
                        && segment.role() != Role.PROGRAM) {
                    assertFalse(
                            overlap(
                                    segment.virtualAddress() - 4096,
                                    segment.size() + 8192,
                                    other.virtualAddress(),
                                    other.size()),
                            segment.name());
                }
            }
        }
    }

    @Test
    void twoLayoutsShareNoAddress() throws RegionException {
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            RegionLayout layout =
                    LayoutPlanner.place(ExamplePrograms.plan(8 << 20), new SecureRandom());
            layout.segments().stream()
                    .filter(segment -> segment.role() != Role.GATE_ENTRY_SIM)
                    .forEach(segment -> {
                        assertTrue(seen.add(segment.gpa()));
                        assertTrue(segment.virtualAddress() == 0
                                || seen.add(segment.virtualAddress()));
                    });
        }
    }

    @Test
    void theRingTakesTheLargestPowerOfTwoThatIsLeft() throws RegionException {
        assertEquals(4 << 20, RegionSize.ringCapacity(ExamplePrograms.plan(8 << 20)));
        assertEquals(64 << 20, RegionSize.ringCapacity(ExamplePrograms.plan(128 << 20)));
        RegionPlan least =
                ExamplePrograms.plan(RegionSize.requiredSize(ExamplePrograms.plan(8 << 20)));
        assertEquals(RegionPlan.MIN_RING_CAPACITY, RegionSize.ringCapacity(least));
    }

    @Test
    void aWiderAreaIsHarderToGuessIn() {
        assertEquals(23, new RegionArea(1L << 35, 1L << 35).pageBits());
        assertEquals(27, RegionArea.UNCHOSEN.pageBits());
        assertEquals(38.58, new RegionArea(1L << 51, 3L << 49).pageBits(), 0.01);
    }
}
