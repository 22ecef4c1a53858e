// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.KprobeBlacklist;
import org.simvm.guest.kernel.KprobeBlacklist.Entry;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.GuestWrite;

/**
 * Lets the guest's kernel refuse kprobes on the bytes of hooks. They are sealed, and a kernel whose
 * write of a breakpoint is dropped stops at a {@code BUG_ON} ({@code __text_poke} in
 * {@code arch/x86/kernel/alternative.c}) with {@code text_mutex} held.
 *
 * <p>The kernel's blacklist covers whole sections by one entry for each symbol, so neighbours in it
 * adjoin. Of two that do, the first takes over the range of the second, which then is free for a
 * hook: nothing is allocated, and what was refused before still is.
 */
final class UnprobedHooks {
    private UnprobedHooks() {}

    /**
     * Returns the writes that put the hooks on the blacklist.
     *
     * @throws ArmingException if the list has no room for them
     */
    static List<GuestWrite> refuse(Kernel kernel, VirtualMemory memory, List<FoundHook> hooks)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException {
        Optional<List<Entry>> blacklist = KprobeBlacklist.read(kernel, memory);
        if (blacklist.isEmpty()) {
            return List.of();
        }
        List<Entry> list = blacklist.get();
        Iterator<FoundHook> rest = hooks.stream()
                .filter(hook -> list.stream()
                        .noneMatch(entry -> entry.contains(hook.address(), HookSite.LENGTH)))
                .iterator();
        List<GuestWrite> writes = new ArrayList<>();
        int next = 1;
        while (rest.hasNext() && next < list.size()) {
            Entry first = list.get(next - 1);
            Entry second = list.get(next);
            if (first.end() != second.start() || second.end() - second.start() <= 0) {
                next++;
                continue;
            }
            long hook = rest.next().address();
            writes.addAll(write(memory, first.endField(), first.end(), second.end()));
            writes.addAll(write(memory, second.startField(), second.start(), hook));
            writes.addAll(write(memory, second.endField(), second.end(), hook + HookSite.LENGTH));
            next += 2; // the second went elsewhere, so it adjoins no third
        }
        if (rest.hasNext()) {
            throw new ArmingException(
                    ArmingFailure.Kind.HOOK_SITE,
                    "Linux " + kernel.version() + " would let a kprobe be set on "
                            + rest.next().symbol() + ": its kprobe_blacklist has "
                            + list.size() + " entries, and too few of them adjoin");
        }
        return writes;
    }

    private static List<GuestWrite> write(VirtualMemory memory, long address, long was, long now)
            throws GuestMemoryException {
        long gpa = memory.physical(address);
        if (memory.physical(address + Long.BYTES - 1) != gpa + Long.BYTES - 1) {
            throw new GuestMemoryException(
                    address, "an entry of kprobe_blacklist crosses pages that are no neighbours");
        }
        return GuestWrite.number(gpa, was, now);
    }
}
