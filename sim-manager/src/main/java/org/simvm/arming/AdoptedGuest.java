// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.List;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.SimDevice;
import org.simvm.region.BootImage;
import org.simvm.region.HookDeclaration;
import org.simvm.region.RegionPlan;

/** Restores what an earlier manager knew of a guest that it armed and that still runs. */
final class AdoptedGuest {
    private AdoptedGuest() {}

    /**
     * Resolves the kernel again and joins it with what was kept.
     *
     * @throws ArmingException if what was kept is of another boot or of other monitors
     */
    static ArmedGuest of(
            ArmingRequest request,
            PersistedBoot kept,
            GuestMemory memory,
            SimDevice device,
            KernelSource source)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException,
                    InterruptedException {
        PageTables tables = new PageTables(memory, kept.root(), kept.levels());
        Kernel kernel = source.resolve(new VirtualMemory(tables), kept.lstar());
        if (request.region().layout().gateFrame() != kept.gateFrame()) {
            throw new ArmingException(
                    ArmingFailure.Kind.BASELINE, "the baseline that was kept is of another boot");
        }
        BootImage image = new BootImage(
                request.region().layout(),
                0,
                kept.gateFrame(),
                kept.gateVirtualBase(),
                kept.gateEntry(),
                kept.gatePages(),
                0,
                List.of());
        List<HookSite> hooks = new ArrayList<>();
        for (PersistedBoot.Hook hook : kept.hooks()) {
            hooks.add(new HookSite(
                    hook.monitor(),
                    declaration(request.plan(), hook),
                    hook.symbol(),
                    hook.address(),
                    hook.gpa(),
                    hook.original(),
                    hook.call()));
        }
        return new ArmedGuest(
                kernel,
                memory,
                tables,
                () -> device.query().vcpus(),
                kept.lstar(),
                request.region(),
                image,
                kept.gateEntryGpa(),
                hooks,
                kept.patchable(),
                List.of());
    }

    private static HookDeclaration declaration(RegionPlan plan, PersistedBoot.Hook hook)
            throws ArmingException {
        if (hook.monitor() >= 0 && hook.monitor() < plan.monitors().size()) {
            for (HookDeclaration declaration :
                    plan.monitors().get(hook.monitor()).program().hooks()) {
                if (declaration.id() == hook.id()) {
                    return declaration;
                }
            }
        }
        throw new ArmingException(
                ArmingFailure.Kind.BASELINE,
                "the baseline that was kept has a hook at " + hook.symbol()
                        + " that no monitor has");
    }
}
