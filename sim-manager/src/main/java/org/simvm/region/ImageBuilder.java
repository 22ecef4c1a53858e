// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.simvm.region.BootValues.ArmedHook;
import org.simvm.region.RegionSegment.Role;
import org.simvm.region.SimAbi.Config;

/**
 * Makes the bytes of a region for one boot: everything that {@link RegionFile#finalizeImage}
 * writes. Writes nothing itself.
 */
final class ImageBuilder {
    /** Where slot 0 of {@code level3_kernel_pgt} would begin: the last 512 GiB. */
    private static final long LAST_512_GIB = 0xffffff8000000000L;
    /** What a {@code call rel32} reaches back from the address after it. */
    private static final long CALL_REACH = 1L << 31;
    /**
     * Present, accessed, 1 GiB leaf; read-only, supervisor, executable, and not global: user page
     * tables do not show it. No dirty bit: see {@link SimPageTables}.
     */
    private static final long GATE_LEAF = 0xa1;

    private final RegionPlan plan;
    private final BootValues boot;
    private final RandomGenerator random;
    private final RegionLayout layout;
    private final long gateVirtualBase;
    private final List<ProgramImage> images = new ArrayList<>();
    private long directMap;
    /** None with gate {@code EXIT}: the host's process has the host's own. */
    private SimPageTables tables;

    /** Checks the values and chooses the gates' pages within their frame. */
    ImageBuilder(RegionPlan plan, RegionLayout before, BootValues boot, RandomGenerator random)
            throws RegionException {
        this.plan = plan;
        this.boot = boot;
        this.random = random;
        check();
        this.gateVirtualBase = LAST_512_GIB + boot.gateSlot() * RegionArea.GIBIBYTE;
        this.layout = withGates(before, chooseGatePage());
    }

    private void check() throws RegionException {
        if (boot.pagingLevels() != 4 && boot.pagingLevels() != 5) {
            throw new RegionException("the guest uses " + boot.pagingLevels()
                    + " levels of page tables; 4 and 5 can be done");
        }
        if (boot.gateSlot() != 508 && boot.gateSlot() != 509) {
            throw new RegionException("the gate can't be in slot " + boot.gateSlot()
                    + " of level3_kernel_pgt, only in 508 or 509");
        }
        if (boot.ram().isEmpty() || boot.ram().size() > SimAbi.MAX_RAM_RANGES) {
            throw new RegionException("the guest has " + boot.ram().size() + " ranges of RAM; 1 to "
                    + SimAbi.MAX_RAM_RANGES + " can be done");
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
        if (boot.callTargets().size() > GateLoader.CALL_STUBS) {
            throw new RegionException("the monitors redirect "
                    + boot.callTargets().size() + " calls, and the gate has "
                    + GateLoader.CALL_STUBS
                    + " stubs; name fewer monitors in the domain's settings");
        }
        for (long target : boot.callTargets()) {
            if (target != (int) target) {
                throw new RegionException(String.format(
                        "a redirected call goes to 0x%x, which is no" + " address of kernel text",
                        target));
            }
        }
        checkHooks();
    }

    private void checkHooks() throws RegionException {
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

    /**
     * A page in the frame whose successor is in it too, and to which {@code call rel32} reaches
     * from all of the kernel text.
     */
    private int chooseGatePage() throws RegionException {
        long start = boot.kernelText().start();
        long end = boot.kernelText().end();
        if (end <= start || gateVirtualBase + RegionArea.GIBIBYTE > start) {
            throw new RegionException(String.format(
                    "kernel text at 0x%x to 0x%x is not above the gate's 1" + " GiB", start, end));
        }
        long lowest =
                Math.max(0, Pages.roundUp(end - CALL_REACH - gateVirtualBase) / SimAbi.PAGE_SIZE);
        long pages = RegionArea.GIBIBYTE / SimAbi.PAGE_SIZE - 1;
        if (lowest >= pages) {
            throw new RegionException(String.format(
                    "no call from kernel text up to 0x%x reaches slot %d of"
                            + " level3_kernel_pgt; slot 509"
                            + " would do",
                    end, boot.gateSlot()));
        }
        return (int) (lowest + random.nextLong(pages - lowest));
    }

    private RegionLayout withGates(RegionLayout before, int page) {
        long offset = page * (long) SimAbi.PAGE_SIZE;
        List<RegionSegment> segments = before.segments().stream()
                .map(segment -> switch (segment.role()) {
                    case GATE_ENTRY, GATE_ENTRY_SIM ->
                        at(segment, before.gateFrame() + offset, gateVirtualBase + offset);
                    case GATE_INNER ->
                        at(
                                segment,
                                before.gateFrame() + offset + SimAbi.PAGE_SIZE,
                                gateVirtualBase + offset + SimAbi.PAGE_SIZE);
                    default -> segment;
                })
                .toList();
        return new RegionLayout(before.area(), before.fileSize(), before.gateFrame(), segments);
    }

    private static RegionSegment at(RegionSegment segment, long gpa, long virtual) {
        return new RegionSegment(
                segment.role(),
                segment.name(),
                segment.offset(),
                segment.size(),
                gpa,
                segment.view(),
                segment.access(),
                virtual);
    }

    /** Makes programs and page tables; to be called once, before the rest. */
    void build() throws RegionException {
        RegionSegment config = layout.segment(Role.CONFIGURATION);
        List<RegionSegment> segments = programSegments();
        int next = 0;
        List<MonitorProgram> programs = LayoutPlanner.programs(plan);
        for (int i = 0; i < programs.size(); i++) {
            MonitorProgram program = programs.get(i);
            ProgramImage image = new ProgramImage(
                    program, segments.get(next).virtualAddress() - ProgramImage.start(program));
            // core (index 0 here) is no monitor of the settings: all ones.
            image.fillSlots(config.virtualAddress(), i - 1, boot.slots());
            if (i > 0) {
                image.fillParameters(plan.monitors().get(i - 1).encodeParameters());
            }
            images.add(image);
            next += program.segments().size();
        }
        placeDirectMap();
        if (plan.gate().inGuest()) {
            buildTables();
        }
    }

    private void placeDirectMap() throws RegionException {
        AddressSpace free = LayoutPlanner.virtualAddresses(plan.gate(), random);
        layout.segments().stream()
                .filter(segment -> segment.virtualAddress() > 0)
                .forEach(segment -> free.take(segment.virtualAddress(), virtualSize(segment)));
        long ramEnd = boot.ram().stream().mapToLong(RamRange::end).max().orElseThrow();
        directMap = free.place(ramEnd, RegionArea.GIBIBYTE);
    }

    private void buildTables() throws RegionException {
        RegionSegment segment = layout.segment(Role.PAGE_TABLES);
        tables = new SimPageTables(boot.pagingLevels(), segment.gpa(), segment.size());
        for (RegionSegment each : layout.segments()) {
            switch (each.role()) {
                // G1's normal face is not in the SIM view, and page tables need no address there.
                case GATE_ENTRY, PAGE_TABLES -> {}
                case STACKS -> mapStacks(each);
                default -> tables.map(each);
            }
        }
        tables.mapDirect(directMap, boot.ram());
    }

    private void mapStacks(RegionSegment stacks) throws RegionException {
        for (int i = 0; i < plan.stackCount(); i++) {
            tables.mapSmall(
                    stacks.virtualAddress() + i * LayoutPlanner.stackStride() + SimAbi.PAGE_SIZE,
                    stacks.gpa() + i * RegionPlan.STACK_SIZE,
                    RegionPlan.STACK_SIZE,
                    SimPageTables.flags(stacks.access()));
        }
    }

    private long virtualSize(RegionSegment segment) {
        return segment.role() == Role.STACKS
                ? plan.stackCount() * LayoutPlanner.stackStride()
                : segment.size();
    }

    private List<RegionSegment> programSegments() {
        return layout.segments().stream()
                .filter(segment -> segment.role() == Role.PROGRAM)
                .toList();
    }

    RegionLayout layout() {
        return layout;
    }

    /** Bytes of a segment, or null if it stays as it is: all zeros (ring, stacks). */
    ByteBuffer bytes(RegionSegment segment) throws RegionException {
        return switch (segment.role()) {
            case GATE_ENTRY ->
                gate(plan.gate().inGuest() ? GateTemplate.Page.ENTRY : GateTemplate.Page.EXIT);
            case GATE_ENTRY_SIM -> gate(GateTemplate.Page.ENTRY_SIM);
            case GATE_INNER -> gate(GateTemplate.Page.INNER);
            case CONFIGURATION -> configuration();
            case PAGE_TABLES -> tables.bytes();
            case STACKS, RING -> null;
            case CHANNEL -> callChannel();
            case PROGRAM -> program(segment);
        };
    }

    private ByteBuffer program(RegionSegment segment) {
        int index = programSegments().indexOf(segment);
        for (int i = 0; i < images.size(); i++) {
            int count = LayoutPlanner.programs(plan).get(i).segments().size();
            if (index < count) {
                return images.get(i).segment(index);
            }
            index -= count;
        }
        throw new IllegalStateException("a program segment of no program");
    }

    private ByteBuffer callChannel() {
        ByteBuffer channel =
                ByteBuffer.allocate(SimAbi.Channel.SLOTS).order(ByteOrder.LITTLE_ENDIAN);
        return channel.putInt(SimAbi.Channel.SLOT_COUNT, plan.stackCount());
    }

    private ByteBuffer configuration() throws RegionException {
        RegionSegment ring = layout.segment(Role.RING);
        ByteBuffer config = ByteBuffer.allocate(SimAbi.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(Config.ABI, SimAbi.CONFIG_VERSION);
        config.putInt(Config.STACK_COUNT, plan.stackCount());
        config.putLong(Config.STACK_SIZE, RegionPlan.STACK_SIZE);
        config.putLong(Config.RING, ring.virtualAddress());
        config.putLong(Config.RING_CAPACITY, plan.ringCapacity());
        config.putLong(Config.DIRECT_MAP, directMap);
        config.putLong(Config.PAGE_OFFSET, boot.pageOffset());
        config.putInt(Config.PAGING_LEVELS, boot.pagingLevels());
        // The monitors' process is asked by QEMU, which itself looks whether the reader sleeps.
        config.putInt(Config.DOORBELL_PORT, plan.gate().inGuest() ? plan.doorbellPort() : 0);
        config.putInt(Config.RAM_RANGE_COUNT, boot.ram().size());
        config.putInt(Config.HOOK_COUNT, boot.hooks().size());
        for (int i = 0; i < boot.ram().size(); i++) {
            config.putLong(
                    Config.RAM + i * Config.RAM_RANGE_SIZE, boot.ram().get(i).gpa());
            config.putLong(
                    Config.RAM + i * Config.RAM_RANGE_SIZE + 8,
                    boot.ram().get(i).size());
        }
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
                    images.get(1 + hook.monitor()).address(hook.declaration().handler()));
            config.putInt(at + 16, hook.declaration().id());
            config.putInt(at + 20, hook.monitor());
        }
        return config;
    }

    private ByteBuffer gate(GateTemplate.Page page) throws RegionException {
        ByteBuffer bytes = gatePages().bytes(page);
        if (page == GateTemplate.Page.INNER) {
            if (plan.core().dispatch() == 0) {
                throw new RegionException(plan.core().file()
                        + ": has no symbol sim_dispatch; install the core.elf of this manager");
            }
            gatePages()
                    .patchInner(
                            bytes,
                            tables.root(),
                            layout.segment(Role.STACKS).virtualAddress(),
                            images.get(0).address(plan.core().dispatch()));
        } else if (page != GateTemplate.Page.ENTRY_SIM) {
            gatePages().patchOuter(bytes, boot);
        }
        return bytes;
    }

    private GatePages gatePages() {
        return new GatePages(
                plan,
                layout.segment(Role.GATE_ENTRY).virtualAddress(),
                images.subList(1, images.size()));
    }

    BootImage image() {
        GatePages pages = gatePages();
        return new BootImage(
                layout,
                tables != null ? tables.root() : 0,
                layout.gateFrame(),
                gateVirtualBase,
                layout.gateFrame() | GATE_LEAF,
                layout.segment(Role.GATE_ENTRY).gpa(),
                pages.fentryEntry(),
                pages.callEntries(boot));
    }
}
