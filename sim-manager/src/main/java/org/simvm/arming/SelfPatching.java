// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.VirtualRange;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Lists the places in its text that a healthy kernel changes while it runs.
 *
 * <p>The kernel's own tables name them: ftrace ({@code __mcount_loc}), jump labels ({@code __jump_table}),
 * static calls and their trampolines, lock prefixes ({@code .smp_locks}, changed when CPUs come online), and
 * the call instructions in ftrace's own entry code. Alternatives, retpolines and ENDBR poisoning are done
 * before the first program runs. Tables in init memory are gone later, so this is read before.
 */
final class SelfPatching {
    private static final int JUMP_ENTRY = 16;
    private static final int CALL_SITE = 8;
    private static final int LONGEST = 6;

    private final Kernel kernel;
    private final VirtualMemory memory;
    private final List<VirtualRange> ranges = new ArrayList<>();

    private SelfPatching(Kernel kernel, VirtualMemory memory) {
        this.kernel = kernel;
        this.memory = memory;
    }

    /** Returns the places within the text, in rising order, those that touch joined. */
    static List<VirtualRange> places(Kernel kernel, VirtualMemory memory) throws GuestMemoryException {
        SelfPatching places = new SelfPatching(kernel, memory);
        places.ftrace();
        places.jumpLabels();
        places.staticCalls();
        places.lockPrefixes();
        places.trampolines();
        return places.joined();
    }

    private void ftrace() throws GuestMemoryException {
        KernelTable table = KernelTable.read(kernel, memory, "__start_mcount_loc", "__stop_mcount_loc")
                .orElse(null);
        for (int i = 0; table != null && i < table.count(Long.BYTES); i++) {
            add(table.bytes().getLong(i * Long.BYTES), HookSite.LENGTH);
        }
    }

    private void jumpLabels() throws GuestMemoryException {
        KernelTable table = KernelTable.read(kernel, memory, "__start___jump_table", "__stop___jump_table")
                .orElse(null);
        for (int i = 0; table != null && i < table.count(JUMP_ENTRY); i++) {
            long code = table.relative(i * JUMP_ENTRY);
            if (kernel.text().contains(code, LONGEST)) {
                int first = memory.readByte(code) & 0xff;
                boolean isShort = first == 0xeb || first == 0x66; // jmp rel8, or the two-byte NOP
                add(code, isShort ? 2 : 5);
            }
        }
    }

    private void staticCalls() throws GuestMemoryException {
        KernelTable table = KernelTable.read(kernel, memory, "__start_static_call_sites",
                "__stop_static_call_sites").orElse(null);
        for (int i = 0; table != null && i < table.count(CALL_SITE); i++) {
            long code = table.relative(i * CALL_SITE);
            if (kernel.text().contains(code, LONGEST)) {
                boolean conditional = (memory.readByte(code) & 0xff) == 0x0f; // jcc rel32
                add(code, conditional ? 6 : 5);
            }
        }
    }

    private void lockPrefixes() throws GuestMemoryException {
        KernelTable table = KernelTable.read(kernel, memory, "__smp_locks", "__smp_locks_end").orElse(null);
        for (int i = 0; table != null && i < table.count(Integer.BYTES); i++) {
            add(table.relative(i * Integer.BYTES), 1);
        }
    }

    private void trampolines() {
        kernel.symbol("__static_call_text_start").ifPresent(start ->
                kernel.symbol("__static_call_text_end").ifPresent(end -> add(start, end - start)));
        for (String patched : List.of("ftrace_call", "ftrace_regs_call", "ftrace_graph_call")) {
            kernel.symbol(patched).ifPresent(address -> add(address, HookSite.LENGTH));
        }
    }

    private void add(long address, long length) {
        // What lies elsewhere is not compared anyway.
        if (length > 0 && kernel.text().contains(address, length)) {
            ranges.add(new VirtualRange(address, address + length));
        }
    }

    private List<VirtualRange> joined() {
        // All addresses are in the upper half, so that signed order will do.
        ranges.sort(Comparator.comparingLong(VirtualRange::start));
        List<VirtualRange> joined = new ArrayList<>();
        for (VirtualRange range : ranges) {
            VirtualRange last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (last != null && range.start() <= last.end()) {
                joined.set(joined.size() - 1, new VirtualRange(last.start(),
                        Math.max(last.end(), range.end())));
            } else {
                joined.add(range);
            }
        }
        return joined;
    }
}
