// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.kernel.PatchSites;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.SimStatus;
import org.simvm.region.BootImage;
import org.simvm.region.BootValues;
import org.simvm.region.HookDeclaration;
import org.simvm.region.MonitorProgram;
import org.simvm.region.RegionArea;
import org.simvm.region.RegionException;
import org.simvm.region.RegionPlan;

/**
 * The kernel is resolved, each hook has its site, and the guest runs on to its first program.
 *
 * @param status of the device at the boot stop
 * @param memory guest RAM
 * @param levels of the guest's page tables
 * @param virtual guest memory by the page tables of the boot stop
 * @param kernel the guest's
 * @param lstar where system calls enter it
 * @param finder of hook sites
 * @param hooks found, nothing written
 * @param baselineStop address of the last stop
 */
record Located(
        SimStatus status,
        GuestMemory memory,
        int levels,
        VirtualMemory virtual,
        Kernel kernel,
        long lstar,
        HookFinder finder,
        List<FoundHook> hooks,
        long baselineStop)
        implements BootPhase {
    @Override
    public ArmingState state() {
        return ArmingState.PREPARING;
    }

    /** Fills in the region, while the guest runs. */
    Planned plan(BootContext context)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException,
                    RegionException {
        PageTables kernelTables = new PageTables(
                memory, virtual.physical(kernel.requireSymbol("init_top_pgt")), levels);
        GateSlot slot = GateSlot.find(kernelTables);
        BootImage image = context.request()
                .region()
                .finalizeImage(
                        bootValues(context.request().plan(), slot),
                        new RegionArea(status.areaBase(), status.areaSize()),
                        status.lastBranchRecord());
        context.clock().lap("prepare: region");
        List<PatchSite> patchable = PatchSites.of(kernel, virtual);
        context.clock().lap("prepare: places that the kernel patches");
        return new Planned(this, kernelTables, slot, image, patchable);
    }

    private BootValues bootValues(RegionPlan plan, GateSlot slot)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException {
        List<MonitorProgram> programs = new ArrayList<>();
        programs.add(plan.core());
        plan.monitors().forEach(monitor -> programs.add(monitor.program()));
        List<BootValues.ArmedHook> table = hooks.stream()
                .map(hook -> new BootValues.ArmedHook(
                        hook.monitor(), hook.declaration(), hook.returnAddress()))
                .toList();
        return new BootValues(
                levels,
                GuestRam.ranges(status),
                virtual.readLong(kernel.requireSymbol("page_offset_base")),
                currentTaskOffset(),
                new BootValues.KernelText(kernel.text().start(), kernel.text().end()),
                slot.index(),
                callTargets(),
                table,
                SlotValues.resolve(kernel, programs));
    }

    /** Where the redirected calls went; the gate has an entry for each, in this order. */
    private List<Long> callTargets() {
        return hooks.stream()
                .filter(hook -> hook.declaration().kind() == HookDeclaration.Kind.CALL)
                .map(FoundHook::function)
                .toList();
    }

    /** A per-CPU variable of its own, but from Linux 6.2 to 6.14 a member of {@code pcpu_hot}. */
    private int currentTaskOffset() throws KernelUnresolvedException {
        OptionalLong hot = kernel.symbol("pcpu_hot");
        if (hot.isPresent() && kernel.offset("pcpu_hot.current_task").isPresent()) {
            return (int) hot.getAsLong() + kernel.requireOffset("pcpu_hot.current_task");
        }
        return (int) kernel.requireSymbol("current_task");
    }
}
