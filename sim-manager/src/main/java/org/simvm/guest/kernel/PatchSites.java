// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.simvm.guest.kernel.PatchSite.Kind;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Lists the places in kernel code that a healthy kernel changes while it runs.
 *
 * <p>The kernel's own tables name them: ftrace ({@code __mcount_loc}), jump labels
 * ({@code __jump_table}), static calls and their trampolines, lock prefixes ({@code .smp_locks},
 * changed when CPUs come online), and the call instructions in ftrace's own entry code.
 * Alternatives, retpolines and ENDBR poisoning are done before the first program runs, and in a
 * module before it is live. Tables in init memory are gone later, so this is read before.
 */
public final class PatchSites {
    private static final int JUMP_ENTRY = 16;
    private static final int CALL_SITE = 8;
    private static final int CALL = 5;
    private static final int LONGEST = 6;
    /**
     * {@code ud1 %esp,%ecx} behind each trampoline ({@code arch/x86/include/asm/static_call.h}).
     */
    private static final byte[] TRAMPOLINE_MARK = {0x0f, (byte) 0xb9, (byte) 0xcc};

    private final VirtualMemory memory;
    private final VirtualRange text;
    private final List<PatchSite> sites = new ArrayList<>();

    private PatchSites(VirtualMemory memory, VirtualRange text) {
        this.memory = memory;
        this.text = text;
    }

    /** Returns the places within the kernel's text, in rising order; they do not overlap. */
    public static List<PatchSite> of(Kernel kernel, VirtualMemory memory)
            throws GuestMemoryException {
        PatchSites sites = new PatchSites(memory, kernel.text());
        sites.ftrace(KernelTable.read(kernel, memory, "__start_mcount_loc", "__stop_mcount_loc")
                .orElse(null));
        sites.jumpLabels(
                KernelTable.read(kernel, memory, "__start___jump_table", "__stop___jump_table")
                        .orElse(null));
        sites.staticCalls(KernelTable.read(
                        kernel, memory, "__start_static_call_sites", "__stop_static_call_sites")
                .orElse(null));
        sites.lockPrefixes(KernelTable.read(kernel, memory, "__smp_locks", "__smp_locks_end")
                .orElse(null));
        KernelTable trampolines = KernelTable.read(
                        kernel, memory, "__static_call_text_start", "__static_call_text_end")
                .orElse(null);
        if (trampolines != null) {
            sites.trampolines(trampolines.address(), trampolines.bytes().array());
        }
        for (String patched : List.of("ftrace_call", "ftrace_regs_call", "ftrace_graph_call")) {
            kernel.symbol(patched)
                    .ifPresent(address -> sites.add(address, CALL, Kind.FTRACE_CALLER, 0));
        }
        return sites.sorted();
    }

    /**
     * Returns the places within the text of a module that is live.
     *
     * @param text its range
     * @param code the bytes there, which may be those of a copy
     */
    public static List<PatchSite> of(
            KernelModule module, VirtualMemory memory, VirtualRange text, byte[] code)
            throws GuestMemoryException {
        PatchSites sites = new PatchSites(memory, text);
        sites.ftrace(module.ftraceSites().read(memory, Long.BYTES));
        sites.jumpLabels(module.jumpLabels().read(memory, JUMP_ENTRY));
        sites.staticCalls(module.staticCalls().read(memory, CALL_SITE));
        sites.trampolines(text.start(), code);
        return sites.sorted();
    }

    private void ftrace(KernelTable table) {
        for (int i = 0; table != null && i < table.count(Long.BYTES); i++) {
            add(table.bytes().getLong(i * Long.BYTES), CALL, Kind.FTRACE, 0);
        }
    }

    /** {@code struct jump_entry}: code and target, each relative to itself. */
    private void jumpLabels(KernelTable table) throws GuestMemoryException {
        for (int i = 0; table != null && i < table.count(JUMP_ENTRY); i++) {
            long code = table.relative(i * JUMP_ENTRY);
            if (text.contains(code, 2)) {
                int first = memory.readByte(code) & 0xff;
                boolean isShort = first == 0xeb || first == 0x66; // jmp rel8, or the two-byte NOP
                add(
                        code,
                        isShort ? 2 : CALL,
                        Kind.JUMP_LABEL,
                        table.relative(i * JUMP_ENTRY + Integer.BYTES));
            }
        }
    }

    private void staticCalls(KernelTable table) throws GuestMemoryException {
        for (int i = 0; table != null && i < table.count(CALL_SITE); i++) {
            long code = table.relative(i * CALL_SITE);
            if (text.contains(code, CALL)) {
                int first = memory.readShort(code) & 0xffff;
                boolean conditional = (first & 0xf0ff) == 0x800f; // jcc rel32
                add(code, conditional ? LONGEST : CALL, Kind.STATIC_CALL, 0);
            }
        }
    }

    private void lockPrefixes(KernelTable table) {
        for (int i = 0; table != null && i < table.count(Integer.BYTES); i++) {
            add(table.relative(i * Integer.BYTES), 1, Kind.LOCK_PREFIX, 0);
        }
    }

    /** A jump or a return, and the mark; aligned to four bytes. */
    private void trampolines(long address, byte[] code) {
        for (int at = 0; at + CALL + TRAMPOLINE_MARK.length <= code.length; at += 4) {
            int first = code[at] & 0xff;
            if (code[at + CALL] == TRAMPOLINE_MARK[0]
                    && code[at + CALL + 1] == TRAMPOLINE_MARK[1]
                    && code[at + CALL + 2] == TRAMPOLINE_MARK[2]
                    && (first == 0xe9 || first == 0xc3 || first == 0x0f || first == 0xe8)) {
                add(address + at, CALL, Kind.STATIC_CALL_TRAMPOLINE, 0);
            }
        }
    }

    private void add(long address, int length, Kind kind, long target) {
        // What lies elsewhere is not compared anyway.
        if (text.contains(address, length)) {
            sites.add(new PatchSite(address, length, kind, target));
        }
    }

    private List<PatchSite> sorted() {
        // All addresses are in the upper half, so that signed order will do.
        sites.sort(Comparator.comparingLong(PatchSite::address));
        List<PatchSite> apart = new ArrayList<>(sites.size());
        for (PatchSite site : sites) {
            if (apart.isEmpty() || site.address() >= apart.get(apart.size() - 1).end()) {
                apart.add(site);
            }
        }
        return apart;
    }
}
