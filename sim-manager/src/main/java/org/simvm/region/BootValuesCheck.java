// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.HashSet;
import java.util.Set;
import org.simvm.region.BootValues.ArmedHook;

/** Makes sure that what a boot turned out to be fits the region that was made for it. */
final class BootValuesCheck {
    private BootValuesCheck() {}

    /** @throws RegionException the first thing that does not fit, and what to do about it */
    static void check(RegionPlan plan, BootValues boot) throws RegionException {
        checkPaging(boot);
        checkRam(plan, boot);
        checkCalls(boot);
        checkHooks(plan, boot);
    }

    private static void checkPaging(BootValues boot) throws RegionException {
        if (boot.pagingLevels() != 4 && boot.pagingLevels() != 5) {
            throw new RegionException("the guest uses " + boot.pagingLevels()
                    + " levels of page tables; 4 and 5 can be done");
        }
        if (boot.gateSlot() != 508 && boot.gateSlot() != 509) {
            throw new RegionException("the gate can't be in slot " + boot.gateSlot()
                    + " of level3_kernel_pgt, only in 508 or 509");
        }
    }

    private static void checkRam(RegionPlan plan, BootValues boot) throws RegionException {
        if (boot.ram().isEmpty() || boot.ram().size() > SimAbi.MAX_RAM_RANGES) {
            throw new RegionException("the guest has " + boot.ram().size() + " ranges of RAM; 1 to "
                    + SimAbi.MAX_RAM_RANGES + " can be done");
        }
        if (RamRange.largestFirst(boot.ram()).get(0).size() <= SimAbi.PIECE_SIZE) {
            throw new RegionException("the guest has no range of RAM of more than "
                    + SimAbi.PIECE_SIZE + " bytes; give it more memory");
        }
        for (int i = 0; i < boot.ram().size(); i++) {
            RamRange range = boot.ram().get(i);
            if (range.gpa() < plan.area().end() && plan.area().base() < range.end()) {
                throw new RegionException(String.format(
                        "guest RAM at 0x%x reaches into the SIM area at"
                                + " 0x%x; give the guest's CPU more"
                                + " address bits (<maxphysaddr>) or the guest less memory",
                        range.gpa(), plan.area().base()));
            }
            for (RamRange other : boot.ram().subList(0, i)) {
                if (range.gpa() < other.end() && other.gpa() < range.end()) {
                    throw new RegionException(String.format(
                            "ranges of guest RAM overlap at 0x%x",
                            Math.max(range.gpa(), other.gpa())));
                }
            }
        }
    }

    private static void checkCalls(BootValues boot) throws RegionException {
        if (boot.callTargets().size() > GateLoader.CALL_STUBS) {
            throw new RegionException("the monitors redirect "
                    + boot.callTargets().size() + " calls, and the gate has "
                    + GateLoader.CALL_STUBS
                    + " stubs; name fewer monitors in the domain's settings");
        }
        for (long target : boot.callTargets()) {
            if (target != (int) target) {
                throw new RegionException(String.format(
                        "a redirected call goes to 0x%x, which is no address of kernel text",
                        target));
            }
        }
    }

    private static void checkHooks(RegionPlan plan, BootValues boot) throws RegionException {
        if (boot.hooks().size() > SimAbi.MAX_HOOKS) {
            throw new RegionException("the monitors want " + boot.hooks().size()
                    + " hooks, and there is room for " + SimAbi.MAX_HOOKS
                    + "; name fewer monitors in the domain's settings");
        }
        Set<Long> addresses = new HashSet<>();
        for (ArmedHook hook : boot.hooks()) {
            if (hook.monitor() < 0
                    || hook.monitor() >= plan.monitors().size()
                    || !plan.monitors()
                            .get(hook.monitor())
                            .program()
                            .hooks()
                            .contains(hook.declaration())) {
                throw new RegionException("hook " + hook.declaration().function()
                        + " is none of monitor " + hook.monitor() + "'s");
            }
            if (!addresses.add(hook.returnAddress())) {
                throw new RegionException("two monitors hook the same place ("
                        + hook.declaration().function()
                        + "); name only one of them in the domain's settings");
            }
            if (hook.returnAddress() <= boot.kernelText().start()
                    || hook.returnAddress() > boot.kernelText().end()) {
                throw new RegionException(String.format(
                        "the hook of %s returns to 0x%x, outside of the"
                                + " kernel text that calls the gate",
                        hook.declaration().function(), hook.returnAddress()));
            }
        }
    }
}
