// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.guest.kernel.KernelModule;
import org.simvm.guest.kernel.PatchSites;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.settings.IntegrityCheck;

/**
 * Compares the text of each module with what it was when it was first seen live, and says when a
 * module is new. A module is known by its name, the place of its text and its structure, and the
 * number of its load; one that is unloaded and loaded again is a new one, though it may come to lie
 * at the same addresses, on other pages.
 */
final class ModuleCheck implements Check {
    /** Bytes of all copies together: a large guest's modules have some 20 MiB of text. */
    private static final long MOST_BYTES = 256L << 20;

    private static final int ATTEMPTS = 3;

    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "module-text",
            IntegrityCheck.MODULE_TEXT,
            guest -> Optional.of(new ModuleCheck(guest)));

    private final CheckedGuest guest;
    private final VirtualMemory memory;
    private final Map<Identity, MemoryCopy> copies = new HashMap<>();
    private boolean first = true;

    private record Identity(String name, long address, long load, long text, long size) {
        static Identity of(KernelModule module) {
            return new Identity(
                    module.name(),
                    module.address(),
                    module.load(),
                    module.text().start(),
                    module.text().size());
        }
    }

    private ModuleCheck(CheckedGuest guest) {
        this.guest = guest;
        this.memory = guest.memory();
    }

    @Override
    public void run(FindingCollector findings) throws GuestMemoryException {
        LoadedCode code;
        try {
            code = guest.code();
        } catch (GuestMemoryException e) {
            findings.addIncomplete("the guest's list of modules", e.getMessage(), true);
            return;
        }
        PatchSiteVerifier judge = new PatchSiteVerifier(guest.kernel(), memory, code);
        Set<Identity> there = new HashSet<>();
        for (KernelModule module : code.modules()) {
            Identity identity = Identity.of(module);
            there.add(identity);
            if (!module.live() || module.text().size() == 0) {
                continue; // relocations and alternatives are being written
            }
            MemoryCopy copy = copies.get(identity);
            if (copy == null) {
                record(module, identity, findings);
            } else {
                compare(module, copy, judge, findings);
            }
        }
        copies.keySet().retainAll(there);
        first = false;
    }

    private void record(KernelModule module, Identity identity, FindingCollector findings) {
        long held =
                copies.values().stream().mapToLong(copy -> copy.range().size()).sum();
        if (held + module.text().size() > MOST_BYTES) {
            findings.addIncomplete(
                    "module " + module.name(),
                    "the guest's modules have more than " + (MOST_BYTES >> 20) + " MiB of text",
                    true);
            return;
        }
        try {
            MemoryCopy plain = MemoryCopy.of(
                    memory, module.text(), va -> name(module, va), List.of(), List.of());
            copies.put(
                    identity,
                    MemoryCopy.of(
                            memory,
                            module.text(),
                            va -> name(module, va),
                            PatchSites.of(module, memory, module.text(), plain.bytes()),
                            List.of()));
            findings.compared(module.text().size());
            if (!first) {
                findings.inform(
                        "module " + module.name(),
                        OptionalLong.of(module.text().start()),
                        "loaded since the last look; its text is what it is compared with "
                                + "from now on");
            }
        } catch (GuestMemoryException e) {
            findings.addIncomplete("module " + module.name(), e.getMessage(), true);
        }
    }

    private void compare(
            KernelModule module,
            MemoryCopy copy,
            PatchSiteVerifier judge,
            FindingCollector findings)
            throws GuestMemoryException {
        for (int attempt = 1; ; attempt++) { // it may be unloaded under the reader
            try {
                copy.compare(findings, judge);
                return;
            } catch (GuestMemoryException e) {
                if (!stillThere(module)) {
                    return;
                }
                if (attempt == ATTEMPTS) {
                    findings.addGuestControlled(
                            FindingCode.MODULE_UNREADABLE,
                            "module " + module.name(),
                            OptionalLong.of(module.text().start()),
                            new Evidence.Text("text of a live module", e.getMessage()));
                    return;
                }
            }
        }
    }

    private boolean stillThere(KernelModule module) throws GuestMemoryException {
        return guest.code().modules().stream()
                .anyMatch(now -> now.live() && Identity.of(now).equals(Identity.of(module)));
    }

    private static String name(KernelModule module, long va) {
        return String.format("module %s+0x%x", module.name(), va - module.text().start());
    }
}
