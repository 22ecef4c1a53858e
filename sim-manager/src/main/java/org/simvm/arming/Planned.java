// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.qmp.GuestWrite;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimEvent;
import org.simvm.region.BootImage;

/**
 * The region is complete: everything that the plan needs is known.
 *
 * @param kernel where it is and what was found in it
 * @param kernelTables the page tables of {@code init_mm}
 * @param slot where the gates will be mapped
 * @param image the region's content
 * @param patchable places that the kernel patches itself
 */
record Planned(
        Located kernel,
        PageTables kernelTables,
        GateSlot slot,
        BootImage image,
        List<PatchSite> patchable)
        implements BootPhase {
    /**
     * From {@code enum system_states} of {@code include/linux/kernel.h}; the next one is
     * {@code SYSTEM_RUNNING}.
     */
    private static final int SYSTEM_FREEING_INITMEM = 2;

    @Override
    public ArmingState state() {
        return ArmingState.PREPARING;
    }

    /**
     * Writes gate mapping, hooks and what keeps kprobes off them in one plan, and asks for the
     * baseline stop. The guest is paused before its first program.
     */
    Hooked hook(BootContext context, SimEvent.Stop stop)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException, QmpException,
                    InterruptedException {
        slot.ensureEmpty(kernelTables);
        slot.ensureEmpty(PageTables.of(kernel.memory(), stop.cr3(), stop.cr4()));
        List<HookSite> sites = sites();
        List<GuestWrite> writes =
                new ArrayList<>(GuestWrite.number(slot.entryGpa(), 0, image.gateEntry()));
        writes.addAll(UnprobedHooks.refuse(kernel.kernel(), kernel.virtual(), kernel.hooks()));
        for (HookSite site : sites) {
            writes.addAll(GuestWrite.split(site.gpa(), site.original(), site.call()));
        }
        context.clock().lap("hook stop: plan");
        context.guest().apply(true, writes);
        boolean last = isLastStop();
        if (!last) {
            context.guest().device().setStop(kernel.baselineStop());
        }
        context.clock().lap("hook stop: apply " + writes.size() + " writes and map the gates");
        return new Hooked(this, sites, last);
    }

    private List<HookSite> sites() throws ArmingException, GuestMemoryException {
        List<HookSite> sites = new ArrayList<>();
        Iterator<Long> callEntries = image.callStubs().iterator();
        for (FoundHook hook : kernel.hooks()) {
            byte[] before = kernel.finder().reread(hook);
            long entry = switch (hook.declaration().kind()) {
                case FENTRY -> image.fentryEntry();
                case CALL -> callEntries.next();
            };
            sites.add(new HookSite(
                    hook.monitor(),
                    hook.declaration(),
                    hook.symbol(),
                    hook.address(),
                    hook.gpa(),
                    before,
                    HookFinder.callInstruction(hook.address(), entry)));
        }
        return sites;
    }

    /**
     * A kernel that runs no user-mode helper before init has entered the function of the baseline
     * stop already, and made its text read-only.
     */
    private boolean isLastStop() throws KernelUnresolvedException, GuestMemoryException {
        int systemState = kernel.virtual().readInt(kernel.kernel().requireSymbol("system_state"));
        return Integer.compareUnsigned(systemState, SYSTEM_FREEING_INITMEM) > 0;
    }
}
