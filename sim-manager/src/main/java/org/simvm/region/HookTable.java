// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/**
 * Where in the configuration's table each hook is, so that the dispatcher finds it with one
 * multiplication ({@code struct sim_config}): a multiplier with which no two return addresses meet.
 */
final class HookTable {
    /** With 32 hooks in 64 entries one multiplier in 20,000 will do. */
    private static final int TRIES = 10_000_000;

    private static final int NONE = -1;

    private final long multiplier;
    private final int[] hooks;

    private HookTable(long multiplier, int[] hooks) {
        this.multiplier = multiplier;
        this.hooks = hooks;
    }

    /**
     * Looks for a multiplier.
     *
     * @param returnAddresses one for each hook, all different
     * @throws RegionException if there is none among many
     */
    static HookTable of(List<Long> returnAddresses, RandomGenerator random) throws RegionException {
        long[] addresses = returnAddresses.stream().mapToLong(Long::longValue).toArray();
        int[] hooks = new int[SimAbi.HOOK_SLOTS];
        for (int i = 0; i < TRIES; i++) {
            long multiplier = random.nextLong() | 1;
            // What elsewhere() says of entry 0 needs this.
            if (slot(1, multiplier) != 0 && place(addresses, multiplier, hooks)) {
                return new HookTable(multiplier, hooks);
            }
        }
        throw new RegionException("no table holds the " + addresses.length
                + " hooks of the monitors; name fewer" + " monitors in the domain's settings");
    }

    private static boolean place(long[] addresses, long multiplier, int[] hooks) {
        Arrays.fill(hooks, NONE);
        for (int i = 0; i < addresses.length; i++) {
            int slot = slot(addresses[i], multiplier);
            if (hooks[slot] != NONE) {
                return false;
            }
            hooks[slot] = i;
        }
        return true;
    }

    /** The entry that the dispatcher looks at for this return address. */
    static int slot(long returnAddress, long multiplier) {
        return (int) ((returnAddress * multiplier) >>> SimAbi.HOOK_SHIFT);
    }

    /**
     * A return address that does not belong into this entry: what an entry without a hook holds.
     */
    static long elsewhere(int slot) {
        return slot == 0 ? 1 : 0;
    }

    long multiplier() {
        return multiplier;
    }

    /** The hook in this entry, as an index of those given. */
    OptionalInt hookAt(int slot) {
        return hooks[slot] == NONE ? OptionalInt.empty() : OptionalInt.of(hooks[slot]);
    }
}
