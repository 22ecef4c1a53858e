// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Where the guest's ftrace may send a function: its two entries in the kernel's text, the
 * trampolines that it made for tracers, and the direct trampolines of BPF. All but the first are
 * the guest's word.
 *
 * @param entries {@code ftrace_caller} and its like
 * @param tracers what is registered
 * @param direct addresses of direct trampolines
 */
public record FtraceTargets(Set<Long> entries, List<Tracer> tracers, Set<Long> direct) {
    private static final int MOST_TRACERS = 4096;
    private static final int MOST_BUCKET_BITS = 16;
    private static final int MOST_DIRECT = 1 << 16;

    /**
     * A registered tracer ({@code struct ftrace_ops}).
     *
     * @param address of the structure
     * @param function that it has called
     * @param trampoline code made for it alone, 0 if there is none
     */
    public record Tracer(long address, long function, long trampoline) {}

    /** Tells whether a call at the start of a traced function may lead to an address. */
    public boolean allows(long target) {
        return entries.contains(target)
                || direct.contains(target)
                || tracers.stream().anyMatch(tracer -> tracer.trampoline() == target);
    }

    /**
     * Reads what is registered now.
     *
     * @throws GuestMemoryException if a list leads out of memory or does not end; it may have
     *     changed under the reader
     */
    public static FtraceTargets read(Kernel kernel, VirtualMemory memory)
            throws GuestMemoryException {
        Set<Long> entries = new HashSet<>();
        for (String name :
                List.of("ftrace_caller", "ftrace_regs_caller", "ftrace_stub_direct_tramp")) {
            kernel.symbol(name).ifPresent(entries::add);
        }
        return new FtraceTargets(entries, tracers(kernel, memory), direct(kernel, memory));
    }

    private static List<Tracer> tracers(Kernel kernel, VirtualMemory memory)
            throws GuestMemoryException {
        OptionalLong list = kernel.symbol("ftrace_ops_list");
        OptionalLong end = kernel.symbol("ftrace_list_end");
        OptionalInt next = kernel.offset("ftrace_ops.next");
        OptionalInt function = kernel.offset("ftrace_ops.func");
        OptionalInt trampoline = kernel.offset("ftrace_ops.trampoline");
        List<Tracer> tracers = new ArrayList<>();
        if (list.isEmpty()
                || end.isEmpty()
                || next.isEmpty()
                || function.isEmpty()
                || trampoline.isEmpty()) {
            return tracers;
        }
        for (long at = memory.readLong(list.getAsLong());
                at != end.getAsLong() && at != 0;
                at = memory.readLong(at + next.getAsInt())) {
            if (tracers.size() >= MOST_TRACERS) {
                throw new GuestMemoryException(
                        at,
                        "the guest's list of tracers has more than " + MOST_TRACERS + " entries");
            }
            tracers.add(new Tracer(
                    at,
                    memory.readLong(at + function.getAsInt()),
                    memory.readLong(at + trampoline.getAsInt())));
        }
        return tracers;
    }

    /** {@code direct_functions}, a hash of function → trampoline. */
    private static Set<Long> direct(Kernel kernel, VirtualMemory memory)
            throws GuestMemoryException {
        OptionalLong pointer = kernel.symbol("direct_functions");
        OptionalInt bits = kernel.offset("ftrace_hash.size_bits");
        OptionalInt buckets = kernel.offset("ftrace_hash.buckets");
        OptionalInt direct = kernel.offset("ftrace_func_entry.direct");
        Set<Long> found = new HashSet<>();
        if (pointer.isEmpty() || bits.isEmpty() || buckets.isEmpty() || direct.isEmpty()) {
            return found;
        }
        long hash = memory.readLong(pointer.getAsLong());
        long table = hash == 0 ? 0 : memory.readLong(hash + buckets.getAsInt());
        int size = hash == 0 ? 0 : memory.readInt(hash + bits.getAsInt());
        if (table == 0 || size < 0 || size > MOST_BUCKET_BITS) {
            return found;
        }
        int entries = 0;
        for (int bucket = 0; bucket < 1 << size; bucket++) {
            for (long at = memory.readLong(table + 8L * bucket);
                    at != 0;
                    at = memory.readLong(at)) {
                if (entries++ >= MOST_DIRECT) {
                    throw new GuestMemoryException(
                            at, "the guest's table of direct trampolines does not end");
                }
                found.add(memory.readLong(at + direct.getAsInt()));
            }
        }
        return found;
    }
}
