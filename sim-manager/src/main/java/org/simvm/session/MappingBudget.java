// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Says for which guests the memory that a round of checks looked at stays mapped until the next
 * one. Mapping it anew takes as long as comparing it; but pages that are mapped count as the
 * manager's memory, although they are QEMU's, or clean pages of the baseline's files. So some
 * guests keep theirs, up to a limit for all together, and the others never.
 *
 * <p>Safe for concurrent use.
 */
public final class MappingBudget {
    /** One guest's kernel and the copy of it, or two of small ones. */
    static final long LIMIT = 80L << 20;
    /**
     * Rounds after which a guest lets go once, as what was looked at long ago is mapped as well.
     */
    static final int ROUNDS = 100;

    private final Map<UUID, Held> held = new HashMap<>();

    private record Held(long bytes, int rounds) {}

    /**
     * Tells whether a guest that was just checked keeps what is mapped.
     *
     * @param bytes how many bytes of guest and baseline the round looked at
     */
    public synchronized boolean keeps(UUID domain, long bytes) {
        Held before = held.getOrDefault(domain, new Held(0, 0));
        long most = Math.max(before.bytes(), bytes);
        long others = held.values().stream().mapToLong(Held::bytes).sum() - before.bytes();
        if (most > LIMIT - others) {
            held.remove(domain);
            return false;
        }
        int rounds = (before.rounds() + 1) % ROUNDS;
        held.put(domain, new Held(most, rounds));
        return rounds != 0;
    }

    /** Leaves what a guest held to others; it has let go, or is gone. */
    public synchronized void release(UUID domain) {
        held.remove(domain);
    }
}
