// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/** Reads the guest's table of kprobes ({@code kernel/kprobes.c}): the guest's word. */
public final class Kprobes {
    /** {@code KPROBE_TABLE_SIZE}. */
    private static final int BUCKETS = 64;

    private static final int MOST = 1 << 16;
    /** {@code KPROBE_FLAG_OPTIMIZED}. */
    private static final int OPTIMIZED = 4;

    private Kprobes() {}

    /**
     * A place that the kernel probes.
     *
     * @param address where
     * @param handler function that is called first, 0 if there is none
     * @param jumpTarget where an optimised probe jumps to, 0 for one that traps
     */
    public record Probe(long address, long handler, long jumpTarget) {}

    /**
     * Reads the table.
     *
     * @return by address; empty if this kernel has no kprobes
     * @throws GuestMemoryException if a chain leads out of memory or does not end; it may have
     *     changed under the reader
     */
    public static Map<Long, Probe> read(Kernel kernel, VirtualMemory memory)
            throws GuestMemoryException {
        Map<Long, Probe> probes = new HashMap<>();
        OptionalLong table = kernel.symbol("kprobe_table");
        OptionalInt chain = kernel.offset("kprobe.hlist");
        OptionalInt address = kernel.offset("kprobe.addr");
        OptionalInt flags = kernel.offset("kprobe.flags");
        OptionalInt handler = kernel.offset("kprobe.pre_handler");
        OptionalInt slot = kernel.offset("optimized_kprobe.optinsn.insn");
        if (table.isEmpty()
                || chain.isEmpty()
                || address.isEmpty()
                || flags.isEmpty()
                || handler.isEmpty()) {
            return probes;
        }
        int seen = 0;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            for (long at = memory.readLong(table.getAsLong() + 8L * bucket);
                    at != 0;
                    at = memory.readLong(at)) {
                if (seen++ >= MOST) {
                    throw new GuestMemoryException(at, "the guest's table of kprobes does not end");
                }
                long probe = at - chain.getAsInt(); // first member of an optimised one, too
                boolean optimized = (memory.readInt(probe + flags.getAsInt()) & OPTIMIZED) != 0
                        && slot.isPresent();
                long where = memory.readLong(probe + address.getAsInt());
                probes.put(
                        where,
                        new Probe(
                                where,
                                memory.readLong(probe + handler.getAsInt()),
                                optimized ? memory.readLong(probe + slot.getAsInt()) : 0));
            }
        }
        return probes;
    }
}
