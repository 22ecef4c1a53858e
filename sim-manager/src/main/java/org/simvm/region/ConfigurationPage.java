// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.random.RandomGenerator;
import org.simvm.region.BootValues.ArmedHook;
import org.simvm.region.RegionSegment.Role;
import org.simvm.region.SimAbi.Config;

/**
 * The page that tells the dispatcher and the monitors about this boot: {@code struct sim_config}.
 */
final class ConfigurationPage {
    private ConfigurationPage() {}

    /**
     * Encodes the page.
     *
     * @param directMap SIM virtual address of guest-physical 0
     * @param monitors images of the monitors, in the order of the settings
     */
    static ByteBuffer encode(
            RegionPlan plan,
            RegionLayout layout,
            BootValues boot,
            long directMap,
            List<ProgramImage> monitors,
            RandomGenerator random)
            throws RegionException {
        RegionSegment ring = layout.segment(Role.RING);
        ByteBuffer config = ByteBuffer.allocate(SimAbi.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(Config.ABI, SimAbi.CONFIG_VERSION);
        config.putInt(Config.STACK_COUNT, plan.stackCount());
        config.putLong(Config.STACK_SIZE, RegionPlan.STACK_SIZE);
        config.putLong(Config.RING, ring.virtualAddress());
        config.putLong(Config.RING_CAPACITY, RegionSize.ringCapacity(plan));
        config.putLong(Config.DIRECT_MAP, directMap);
        config.putLong(Config.PAGE_OFFSET, boot.pageOffset());
        config.putInt(Config.PAGING_LEVELS, boot.pagingLevels());
        // The monitors' process is asked by QEMU, which itself looks whether the reader sleeps.
        config.putInt(Config.DOORBELL_PORT, plan.gate().inGuest() ? plan.doorbellPort() : 0);
        config.putInt(Config.RAM_RANGE_COUNT, boot.ram().size());
        config.putInt(Config.HOOK_COUNT, boot.hooks().size());
        int at = Config.RAM;
        for (RamRange range : RamRange.largestFirst(boot.ram())) {
            config.putLong(at, range.gpa());
            config.putLong(at + 8, range.size());
            at += Config.RAM_RANGE_SIZE;
        }
        putHooks(config, boot, monitors, random);
        return config;
    }

    private static void putHooks(
            ByteBuffer config, BootValues boot, List<ProgramImage> monitors, RandomGenerator random)
            throws RegionException {
        HookTable hooks =
                HookTable.of(boot.hooks().stream().map(ArmedHook::returnAddress).toList(), random);
        config.putLong(Config.HOOK_MULTIPLIER, hooks.multiplier());
        for (int slot = 0; slot < SimAbi.HOOK_SLOTS; slot++) {
            int at = Config.HOOKS + slot * Config.HOOK_SIZE;
            if (hooks.hookAt(slot).isEmpty()) {
                config.putLong(at, HookTable.elsewhere(slot));
                continue;
            }
            ArmedHook hook = boot.hooks().get(hooks.hookAt(slot).getAsInt());
            config.putLong(at, hook.returnAddress());
            config.putLong(
                    at + 8,
                    monitors.get(hook.monitor()).address(hook.declaration().handler()));
            config.putInt(at + 16, hook.declaration().id());
            config.putInt(at + 20, hook.monitor());
        }
    }
}
