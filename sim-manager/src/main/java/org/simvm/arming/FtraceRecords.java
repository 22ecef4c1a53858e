// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.List;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelTable;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.GuestWrite;
import org.simvm.region.HookDeclaration;

/**
 * Hides hooked functions from ftrace: their entries in {@code __mcount_loc}, which
 * {@code ftrace_init} has not read at the boot stop, become zero, and ftrace skips zeros
 * ({@code ftrace_process_locs} in {@code kernel/trace/ftrace.c}). So nobody else claims the place,
 * and tracing everything still works.
 */
final class FtraceRecords {
    private static final int ENTRY = Long.BYTES;

    private FtraceRecords() {}

    /**
     * Returns the writes that hide the hooks.
     *
     * @throws ArmingException if a hooked function has no entry, so that the table is not as this
     *     manager knows it
     */
    static List<GuestWrite> hide(Kernel kernel, VirtualMemory memory, List<FoundHook> hooks)
            throws ArmingException, GuestMemoryException {
        List<FoundHook> traced = hooks.stream()
                .filter(hook -> hook.declaration().kind() == HookDeclaration.Kind.FENTRY)
                .toList();
        if (traced.isEmpty()) {
            return List.of();
        }
        KernelTable table = KernelTable.read(
                        kernel, memory, "__start_mcount_loc", "__stop_mcount_loc")
                .orElseThrow(() -> new ArmingException(
                        ArmingFailure.Kind.KERNEL_UNRESOLVED,
                        "Linux "
                                + kernel.version()
                                + " has no __mcount_loc: it was built without dynamic "
                                + "ftrace, which hooks need"));
        List<GuestWrite> writes = new ArrayList<>();
        for (FoundHook hook : traced) {
            boolean found = false;
            for (int i = 0; i < table.count(ENTRY); i++) {
                long value = table.bytes().getLong(i * ENTRY);
                if (value == hook.address() || value == hook.function()) {
                    found = true;
                    byte[] expect = new byte[ENTRY];
                    table.bytes().get(i * ENTRY, expect);
                    writes.add(new GuestWrite(
                            memory.physical(table.address() + (long) i * ENTRY),
                            expect,
                            new byte[ENTRY]));
                }
            }
            if (!found) {
                throw new ArmingException(
                        ArmingFailure.Kind.HOOK_SITE,
                        hook.symbol()
                                + " is not in __mcount_loc of Linux " + kernel.version()
                                + ", so ftrace could not be kept off it");
            }
        }
        return writes;
    }
}
