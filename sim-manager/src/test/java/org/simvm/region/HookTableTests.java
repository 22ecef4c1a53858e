// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The table of hooks")
class HookTableTests {
    private static final long TEXT = 0xffffffff81000000L;

    @ParameterizedTest(name = "{0} hooks")
    @ValueSource(ints = {0, 1, 7, SimAbi.MAX_HOOKS})
    @DisplayName("has each hook in the entry that the dispatcher looks at, and nothing that "
            + "matches in the others")
    void hasEachHookInItsEntry(int count) throws Exception {
        List<Long> addresses = LongStream.range(0, count)
                .map(i -> TEXT + 5 + i * 0x4510)
                .boxed()
                .toList();
        HookTable table = HookTable.of(addresses, new Random(count));
        int found = 0;
        for (int slot = 0; slot < SimAbi.HOOK_SLOTS; slot++) {
            if (table.hookAt(slot).isPresent()) {
                long address = addresses.get(table.hookAt(slot).getAsInt());
                assertEquals(slot, HookTable.slot(address, table.multiplier()));
                found++;
            } else {
                assertNotEquals(
                        slot, HookTable.slot(HookTable.elsewhere(slot), table.multiplier()));
            }
        }
        assertEquals(count, found);
    }
}
