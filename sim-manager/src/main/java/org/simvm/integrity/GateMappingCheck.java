// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.HookSite;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.TableEntry;
import org.simvm.guest.paging.TableLevel;
import org.simvm.guest.paging.Translation;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;
import org.simvm.settings.IntegrityCheck;

/**
 * Looks at how page tables map the gates: the kernel's own, and those of every process in the
 * guest's list. A process shares the kernel's half of its tables with all others, from the topmost
 * entry on; one that does not could call other gates, or none.
 */
final class GateMappingCheck implements Check {
    /** Accessed and dirty: the CPU's to set. */
    private static final long CPU_BITS = 0x60;

    private static final String KERNELS_OWN =
            "the kernel's own page tables above 0xffffff8000000000";
    private static final int ATTEMPTS = 3;
    private static final long USER_TABLE = 4096;

    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "gate-mapping",
            IntegrityCheck.GATE_MAPPING,
            guest -> Optional.of(new GateMappingCheck(guest)));

    private final CheckedGuest checked;
    private final ArmedGuest guest;
    private final TaskList tasks;

    private GateMappingCheck(CheckedGuest checked) {
        this.checked = checked;
        this.guest = checked.armed();
        this.tasks = checked.tasks();
    }

    /**
     * Page-table isolation keeps a second topmost table, for user mode, right behind each process's
     * ({@code arch/x86/include/asm/pgtable.h}, {@code kernel_to_user_pgdp}): the kernel's own one
     * shows that it is in use.
     */
    private boolean isolated() throws GuestMemoryException {
        return new PageTables(
                        guest.memory(),
                        guest.kernelTables().root() + USER_TABLE,
                        guest.kernelTables().levels())
                .entry(gateAddress(), guest.kernelTables().top())
                .filter(TableEntry::present)
                .isPresent();
    }

    @Override
    public void run(FindingCollector findings)
            throws GuestMemoryException, QmpException, InterruptedException {
        compareEntry(findings);
        compareVcpus(findings);
        gatesAsSeenBy(guest.kernelTables())
                .ifPresent(wrong -> findings.add(
                        FindingCode.GATE_REMAPPED,
                        "gates, by the kernel's page tables",
                        OptionalLong.of(gateAddress()),
                        OptionalLong.of(guest.image().gatePages()),
                        new Evidence.Text("mapped as armed", wrong)));
        List<TaskList.Process> processes = readTasks(findings);
        Set<Long> seen = new HashSet<>();
        for (TaskList.Process process : processes) {
            if (seen.add(process.pgd())) {
                compareProcess(process, findings);
            }
        }
    }

    private void compareEntry(FindingCollector findings) throws GuestMemoryException {
        Optional<TableEntry> entry =
                guest.kernelTables().entry(guest.image().gateVirtualBase(), TableLevel.PDPT);
        findings.compared(Long.BYTES);
        if (entry.isEmpty()
                || entry.get().gpa() != guest.gateEntryGpa()
                || (entry.get().value() | CPU_BITS) != (guest.image().gateEntry() | CPU_BITS)) {
            findings.add(
                    FindingCode.GATE_ENTRY_CHANGED,
                    "page-table entry of the gates",
                    OptionalLong.of(guest.image().gateVirtualBase()),
                    OptionalLong.of(guest.gateEntryGpa()),
                    new Evidence.Text(
                            String.format(
                                    "entry 0x%x at gpa 0x%x",
                                    guest.image().gateEntry(), guest.gateEntryGpa()),
                            entry.map(now -> String.format(
                                            "entry 0x%x at gpa 0x%x", now.value(), now.gpa()))
                                    .orElse("no such table")));
        }
    }

    /** What a CPU uses now is looked at whether the guest's list of processes has it or not. */
    private void compareVcpus(FindingCollector findings)
            throws GuestMemoryException, QmpException, InterruptedException {
        Map<Integer, String> wrong = new TreeMap<>();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) { // registers may be half a switch old
            Map<Integer, String> now = new TreeMap<>();
            if (attempt > 0) {
                checked.beginLook();
            }
            for (SimStatus.Vcpu vcpu : checked.vcpus()) {
                findings.compared(Long.BYTES);
                if (!vcpu.inSimView()) {
                    long root = vcpu.cr3() & -USER_TABLE;
                    Optional<String> difference = difference(root);
                    if (difference.isPresent() && isolated() && (root & USER_TABLE) != 0) {
                        difference = difference(root - USER_TABLE);
                    }
                    difference.ifPresent(text -> now.put(vcpu.index(), text));
                }
            }
            if (attempt == 0) {
                wrong.putAll(now);
            } else {
                wrong.keySet().retainAll(now.keySet());
            }
            if (wrong.isEmpty()) {
                return;
            }
        }
        wrong.forEach((index, text) -> findings.add(
                FindingCode.VCPU_TABLES_FOREIGN,
                "page tables in use on vCPU " + index,
                OptionalLong.of(gateAddress()),
                OptionalLong.empty(),
                new Evidence.Text(KERNELS_OWN, text)));
    }

    private List<TaskList.Process> readTasks(FindingCollector findings) {
        try {
            return CheckedGuest.readStable(tasks::read);
        } catch (GuestMemoryException e) {
            findings.addIncomplete("the guest's list of processes", e.getMessage(), true);
            return List.of();
        }
    }

    private void compareProcess(TaskList.Process process, FindingCollector findings) {
        String wrong = "";
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (!tasks.unchanged(process)) {
                return; // it ended, or runs another program: its tables are somebody else's by now
            }
            wrong = differenceOf(process).orElse("");
            findings.compared(Long.BYTES);
            if (wrong.isEmpty()) {
                return;
            }
        }
        findings.addGuestControlled(
                FindingCode.PROCESS_TABLES_FOREIGN,
                process.toString(),
                OptionalLong.of(gateAddress()),
                new Evidence.Text(KERNELS_OWN, wrong));
    }

    private Optional<String> differenceOf(TaskList.Process process) {
        try {
            return difference(checked.memory().physical(process.pgd()));
        } catch (GuestMemoryException e) {
            return Optional.of(e.getMessage());
        }
    }

    /**
     * Says how the page tables below a root show gates and hooks otherwise than the kernel's, or
     * nothing.
     */
    private Optional<String> difference(long root) {
        try {
            PageTables own =
                    new PageTables(guest.memory(), root, guest.kernelTables().levels());
            if (topEntry(own) == topEntry(guest.kernelTables())) {
                return Optional.empty();
            }
            Optional<String> gates = gatesAsSeenBy(own);
            if (gates.isPresent()) {
                return Optional.of("gates " + gates.get());
            }
            for (HookSite hook : guest.hooks()) {
                Optional<Translation> page = own.translate(hook.address());
                if (page.isEmpty() || page.get().gpa() != hook.gpa()) {
                    return Optional.of("hook " + hook.symbol() + " "
                            + page.map(at -> String.format("at gpa 0x%x", at.gpa()))
                                    .orElse("not mapped"));
                }
            }
            return Optional.of("page tables of its own that show the same");
        } catch (GuestMemoryException e) {
            return Optional.of(e.getMessage());
        }
    }

    private long topEntry(PageTables tables) throws GuestMemoryException {
        return tables.entry(gateAddress(), tables.top()).map(TableEntry::value).orElse(0L)
                | CPU_BITS;
    }

    private Optional<String> gatesAsSeenBy(PageTables tables) throws GuestMemoryException {
        Optional<Translation> page = tables.translate(gateAddress());
        if (page.isEmpty()) {
            return Optional.of("not mapped");
        }
        Translation now = page.get();
        if (now.gpa() != guest.image().gatePages()) {
            return Optional.of(String.format("mapped to gpa 0x%x", now.gpa()));
        }
        if (now.writable() || now.user() || !now.executable()) {
            return Optional.of((now.writable() ? "writable " : "")
                    + (now.user() ? "open to user mode " : "")
                    + (now.executable() ? "" : "not executable"));
        }
        return Optional.empty();
    }

    private long gateAddress() {
        return guest.image().gateVirtualBase()
                + (guest.image().gatePages() - guest.image().gateFrame());
    }
}
