// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.simvm.qmp.GuestWrite;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SealedPage;

/**
 * Gates and hooks are effective.
 *
 * @param plan that was applied
 * @param sites of the hooks, as written
 * @param lastStop whether the guest is at its baseline stop already, as there will be no later one
 */
record Hooked(Planned plan, List<HookSite> sites, boolean lastStop) implements BootPhase {
    private static final int PAGE = 4096;

    Hooked {
        sites = List.copyOf(sites);
    }

    @Override
    public ArmingState state() {
        return ArmingState.MAPPED;
    }

    /** Returns the guest as it is armed now. */
    ArmedGuest guest(BootContext context) {
        Located located = plan.kernel();
        return new ArmedGuest(
                located.kernel(),
                located.memory(),
                plan.kernelTables(),
                () -> context.guest().device().query().vcpus(),
                located.lstar(),
                context.request().region(),
                plan.image(),
                plan.slot().entryGpa(),
                sites,
                plan.patchable(),
                context.clock().steps());
    }

    /** Seals the hooks; what else lies on their pages stays writable. */
    void seal(BootContext context) throws QmpException, InterruptedException {
        Map<Long, List<SealedPage.Range>> pages = new TreeMap<>();
        for (HookSite site : sites) {
            for (GuestWrite part : GuestWrite.split(site.gpa(), site.call(), site.call())) {
                pages.computeIfAbsent(part.gpa() & -PAGE, page -> new ArrayList<>())
                        .add(new SealedPage.Range(
                                (int) (part.gpa() & (PAGE - 1)), part.data().length));
            }
        }
        if (!pages.isEmpty()) {
            context.guest()
                    .device()
                    .seal(pages.entrySet().stream()
                            .map(page -> new SealedPage(page.getKey(), page.getValue()))
                            .toList());
        }
        context.clock().lap("baseline stop: seal " + pages.size() + " pages");
    }
}
