// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Which sequence numbers have been seen. */
class SequenceLedgerTests {
    @Property
    void knowsWhatASetWouldKnow(@ForAll List<@IntRange(min = 0, max = 200) Integer> numbers) {
        SequenceLedger ledger = new SequenceLedger(true);
        Set<Integer> seen = new HashSet<>();
        int highest = -1;
        for (int number : numbers) {
            assertEquals(seen.add(number), ledger.see(number));
            highest = Math.max(highest, number);
            assertEquals(seen.size(), ledger.seen());
            assertEquals(highest + 1 - seen.size(), ledger.missing());
        }
    }

    @Test
    void staysSmallWhenEverySecondNumberIsLost() {
        SequenceLedger ledger = new SequenceLedger(true);
        for (long number = 1; number < 200_000; number += 2) {
            assertTrue(ledger.see(number));
        }
        assertEquals(100_000, ledger.missing());
        assertTrue(ledger.gaps() <= SequenceLedger.MAX_GAPS);
    }

    @Test
    void beginsAnywhereIfTheReaderCameLate() {
        SequenceLedger ledger = new SequenceLedger(false);
        assertTrue(ledger.see(1000));
        assertTrue(ledger.see(1001));
        assertEquals(0, ledger.missing());
    }
}
