// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Reads the guest's list of places where {@code register_kprobe} refuses a probe
 * ({@code kprobe_blacklist} in {@code kernel/kprobes.c}), which an early initcall fills.
 */
public final class KprobeBlacklist {
    /** Debian's kernels have below 2,000. */
    private static final int MOST = 1 << 16;

    private KprobeBlacklist() {}

    /**
     * An entry: {@code struct kprobe_blacklist_entry}.
     *
     * @param startField guest virtual address of {@code start_addr}
     * @param endField guest virtual address of {@code end_addr}
     * @param start first address where no probe may be
     * @param end first one behind it
     */
    public record Entry(long startField, long endField, long start, long end) {
        /** Tells whether no probe may be at any byte of a range. */
        public boolean contains(long address, int length) {
            return address - start >= 0 && end - (address + length) >= 0;
        }
    }

    /**
     * Reads the list.
     *
     * @return in the list's order; nothing if this kernel has no kprobes
     * @throws KernelUnresolvedException if it has kprobes, and its symbols or types don't show the
     *     list
     * @throws GuestMemoryException if the list leads out of memory or doesn't end
     */
    public static Optional<List<Entry>> read(Kernel kernel, VirtualMemory memory)
            throws KernelUnresolvedException, GuestMemoryException {
        if (kernel.symbol("kprobe_table").isEmpty()) {
            return Optional.empty();
        }
        List<Entry> entries = new ArrayList<>();
        long head = kernel.requireSymbol("kprobe_blacklist");
        int list = kernel.requireOffset("kprobe_blacklist_entry.list");
        int start = kernel.requireOffset("kprobe_blacklist_entry.start_addr");
        int end = kernel.requireOffset("kprobe_blacklist_entry.end_addr");
        for (long at = memory.readLong(head); at != head; at = memory.readLong(at)) {
            if (entries.size() >= MOST) {
                throw new GuestMemoryException(
                        at, "the guest's list of places without kprobes does not end");
            }
            long entry = at - list;
            entries.add(new Entry(
                    entry + start,
                    entry + end,
                    memory.readLong(entry + start),
                    memory.readLong(entry + end)));
        }
        return Optional.of(entries);
    }
}
