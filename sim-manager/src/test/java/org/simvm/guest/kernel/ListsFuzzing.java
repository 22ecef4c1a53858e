// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.List;
import org.simvm.arming.SyntheticGuest;
import org.simvm.fuzzing.FuzzInput;
import org.simvm.fuzzing.GuestEdits;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Lists of modules, tracers and kprobes, and tables of places that the kernel patches; input as
 * {@link GuestEdits} says.
 */
public final class ListsFuzzing {
    private static final GuestEdits EDITS = new GuestEdits(List.of(
            "modules",
            "module_a",
            "kprobe_table",
            "kprobe",
            "ftrace_ops_list",
            "tracer",
            "__start___jump_table",
            "__start_mcount_loc",
            "__start_static_call_sites"));
    private static final VirtualMemory MEMORY =
            new VirtualMemory(new PageTables(EDITS.memory(), SyntheticGuest.CR3, 4));
    private static final Kernel KERNEL = EDITS.guest().kernel();

    private ListsFuzzing() {}

    @FunctionalInterface
    private interface Attempt {
        void run() throws GuestMemoryException, KernelUnresolvedException;
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            ModuleList modules = ModuleList.of(KERNEL, MEMORY).orElseThrow();
            EDITS.apply(new FuzzInput(bytes));
            attempt(() -> modules.read()
                    .forEach(module -> attempt(
                            () -> PatchSites.of(module, MEMORY, module.text(), new byte[0]))));
            attempt(() -> ModuleList.of(KERNEL, MEMORY));
            attempt(() -> FtraceTargets.read(KERNEL, MEMORY));
            attempt(() -> Kprobes.read(KERNEL, MEMORY));
            attempt(() -> PatchSites.of(KERNEL, MEMORY));
        } catch (KernelUnresolvedException e) {
            throw new AssertionError("the guest as it should be", e);
        } finally {
            EDITS.undo();
        }
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (GuestMemoryException | KernelUnresolvedException e) {
            if (e.getMessage().length() <= 10) {
                throw new AssertionError("says nothing: " + e.getMessage(), e);
            }
        }
    }
}
