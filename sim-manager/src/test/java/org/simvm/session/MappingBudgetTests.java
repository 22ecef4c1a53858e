// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What stays mapped between rounds of checks")
class MappingBudgetTests {
    private static final long KERNEL = 56L << 20;

    private final MappingBudget budget = new MappingBudget();
    private final UUID first = new UUID(0, 1);
    private final UUID second = new UUID(0, 2);

    @Test
    void isTheFirstGuestsAsLongAsItIsThere() {
        assertTrue(budget.keeps(first, KERNEL));
        assertFalse(budget.keeps(second, KERNEL));
        assertTrue(budget.keeps(first, KERNEL));
        budget.release(first);
        assertTrue(budget.keeps(second, KERNEL));
        assertFalse(budget.keeps(first, KERNEL));
    }

    @Test
    void isOfSeveralSmallGuests() {
        assertTrue(budget.keeps(first, MappingBudget.LIMIT / 2));
        assertTrue(budget.keeps(second, MappingBudget.LIMIT / 2));
        assertFalse(budget.keeps(new UUID(0, 3), 1));
    }

    @Test
    void isCountedByTheLargestRound() {
        assertTrue(budget.keeps(first, KERNEL));
        assertTrue(budget.keeps(first, 0));
        assertFalse(budget.keeps(second, KERNEL));
    }

    @Test
    void isNeverMoreThanTheLimit() {
        assertFalse(budget.keeps(first, MappingBudget.LIMIT + 1));
        assertTrue(budget.keeps(second, MappingBudget.LIMIT));
    }

    @Test
    void isLetGoOfNowAndThen() {
        assertEquals(
                3,
                IntStream.range(0, 3 * MappingBudget.ROUNDS)
                        .filter(round -> !budget.keeps(first, KERNEL))
                        .count());
    }
}
