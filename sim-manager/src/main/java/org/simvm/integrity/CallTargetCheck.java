// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.simvm.guest.kernel.FtraceTargets;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Kprobes;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.settings.IntegrityCheck;

/**
 * Follows pointers to functions that attackers like to plant: hooks of security modules, network
 * filters of every network namespace, tracers of ftrace, handlers of kprobes. Each must lead to the
 * start of a function of the kernel, or into the text of a module in the guest's list, which are
 * checked themselves. There is no baseline: what is registered changes as the guest works.
 */
final class CallTargetCheck implements Check {
    private static final int MOST_NAMESPACES = 4096;
    private static final int MOST_PER_HOOK = 1024; // MAX_HOOK_COUNT of net/netfilter/core.c
    private static final int MOST_SECURITY_HOOKS = 8192;
    /** Points in the network where filters hook: protocol and how many. */
    private static final List<Map.Entry<String, Integer>> FILTERS = List.of(
            Map.entry("ipv4", 5),
            Map.entry("ipv6", 5),
            Map.entry("arp", 3),
            Map.entry("bridge", 5));

    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "call-targets",
            IntegrityCheck.CALL_TARGETS,
            guest -> Optional.of(new CallTargetCheck(guest)));

    private final CheckedGuest guest;
    private final Kernel kernel;
    private final VirtualMemory memory;

    /** A pointer to a function, where it is and what it is for. */
    private record Target(String subject, long at, long function) {}

    /** Reads pointers; the guest may change what leads to them. */
    private interface Source {
        void read(List<Target> targets) throws GuestMemoryException;
    }

    private CallTargetCheck(CheckedGuest guest) {
        this.guest = guest;
        this.kernel = guest.kernel();
        this.memory = guest.memory();
    }

    @Override
    public void run(FindingCollector findings) {
        follow("security hooks", this::securityHooks, findings);
        follow("network filters", this::networkFilters, findings);
        follow("tracers", this::tracers, findings);
        follow("kprobes", this::kprobes, findings);
    }

    private void follow(String what, Source source, FindingCollector findings) {
        try {
            List<Target> targets = CheckedGuest.readStable(() -> {
                List<Target> read = new ArrayList<>();
                source.read(read);
                return read;
            });
            LoadedCode code = guest.code(); // later: who registers is loaded before
            for (Target target : targets) {
                findings.compared(Long.BYTES);
                if (target.function() != 0 && !code.function(target.function())) {
                    findings.addGuestControlled(
                            FindingCode.TARGET_UNKNOWN,
                            target.subject(),
                            OptionalLong.of(target.at()),
                            new Evidence.Target(code.address(target.function())));
                }
            }
        } catch (GuestMemoryException e) {
            findings.addIncomplete(what, e.getMessage(), true);
        }
    }

    /** Lists of hooks up to Linux 6.11, static calls since. */
    private void securityHooks(List<Target> targets) throws GuestMemoryException {
        OptionalInt hook = kernel.offset("security_hook_list.hook");
        OptionalInt list = kernel.offset("security_hook_list.list");
        OptionalLong heads = kernel.symbol("security_hook_heads");
        OptionalInt size = kernel.size("security_hook_heads");
        if (heads.isPresent() && size.isPresent() && hook.isPresent() && list.isPresent()) {
            for (int at = 0; at + Long.BYTES <= size.getAsInt(); at += Long.BYTES) {
                for (long node = memory.readLong(heads.getAsLong() + at);
                        node != 0;
                        node = memory.readLong(node)) {
                    long where = node - list.getAsInt() + hook.getAsInt();
                    add(targets, "security hook " + at / Long.BYTES, where, MOST_SECURITY_HOOKS);
                }
            }
        }
        OptionalLong table = kernel.symbol("static_calls_table");
        OptionalInt tableSize = kernel.size("lsm_static_calls_table");
        OptionalInt entry = kernel.size("lsm_static_call");
        OptionalInt hooks = kernel.offset("lsm_static_call.hl");
        if (table.isEmpty()
                || tableSize.isEmpty()
                || entry.isEmpty()
                || entry.getAsInt() < Long.BYTES
                || hooks.isEmpty()
                || hook.isEmpty()) {
            return;
        }
        for (int at = 0; at + entry.getAsInt() <= tableSize.getAsInt(); at += entry.getAsInt()) {
            long registered = memory.readLong(table.getAsLong() + at + hooks.getAsInt());
            if (registered != 0) {
                add(
                        targets,
                        "security hook " + at / entry.getAsInt(),
                        registered + hook.getAsInt(),
                        MOST_SECURITY_HOOKS);
            }
        }
    }

    private void networkFilters(List<Target> targets) throws GuestMemoryException {
        OptionalLong head = kernel.symbol("net_namespace_list");
        OptionalInt list = kernel.offset("net.list");
        if (head.isEmpty() || list.isEmpty()) {
            return;
        }
        int namespaces = 0;
        for (long at = memory.readLong(head.getAsLong());
                at != head.getAsLong();
                at = memory.readLong(at)) {
            if (namespaces++ >= MOST_NAMESPACES) {
                throw new GuestMemoryException(
                        at,
                        "the guest's list of network namespaces has more than " + MOST_NAMESPACES
                                + " entries");
            }
            for (Map.Entry<String, Integer> filter : FILTERS) {
                OptionalInt points = kernel.offset("net.nf.hooks_" + filter.getKey());
                for (int point = 0; points.isPresent() && point < filter.getValue(); point++) {
                    filters(
                            targets,
                            filter.getKey() + " filter at point " + point,
                            memory.readLong(at - list.getAsInt() + points.getAsInt() + 8L * point));
                }
            }
        }
    }

    /**
     * {@code struct nf_hook_entries}: a count, and pairs of function and argument from the next 8
     * bytes on.
     */
    private void filters(List<Target> targets, String subject, long entries)
            throws GuestMemoryException {
        if (entries == 0) {
            return;
        }
        int count = memory.readShort(entries) & 0xffff;
        if (count > MOST_PER_HOOK) {
            throw new GuestMemoryException(
                    entries, subject + ": " + count + " functions, which no kernel allows");
        }
        for (int i = 0; i < count; i++) {
            add(targets, subject, entries + 8 + 16L * i, Integer.MAX_VALUE);
        }
    }

    private void tracers(List<Target> targets) throws GuestMemoryException {
        for (FtraceTargets.Tracer tracer : FtraceTargets.read(kernel, memory).tracers()) {
            targets.add(new Target("tracer of ftrace", tracer.address(), tracer.function()));
        }
    }

    private void kprobes(List<Target> targets) throws GuestMemoryException {
        for (Kprobes.Probe probe : Kprobes.read(kernel, memory).values()) {
            targets.add(new Target(
                    "kprobe at "
                            + kernel.symbolAt(probe.address())
                                    .map(Object::toString)
                                    .orElse(String.format("0x%x", probe.address())),
                    probe.address(),
                    probe.handler()));
        }
    }

    private void add(List<Target> targets, String subject, long at, int most)
            throws GuestMemoryException {
        if (targets.size() >= most) {
            throw new GuestMemoryException(at, "the guest's lists of functions do not end");
        }
        targets.add(new Target(subject, at, memory.readLong(at)));
    }
}
