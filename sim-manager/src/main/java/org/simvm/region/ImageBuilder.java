// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.simvm.region.RegionSegment.Role;

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
        BootValuesCheck.check(plan, boot);
        this.gateVirtualBase = LAST_512_GIB + boot.gateSlot() * RegionArea.GIBIBYTE;
        this.layout = withGates(before, chooseGatePage());
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
                    "kernel text at 0x%x to 0x%x is not above the gate's 1 GiB", start, end));
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
        List<MonitorProgram> programs = plan.programs();
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
                    stacks.virtualAddress() + i * RegionPlan.STACK_STRIDE + SimAbi.PAGE_SIZE,
                    stacks.gpa() + i * RegionPlan.STACK_SIZE,
                    RegionPlan.STACK_SIZE,
                    SimPageTables.flags(stacks.access()));
        }
    }

    private long virtualSize(RegionSegment segment) {
        return segment.role() == Role.STACKS
                ? plan.stackCount() * RegionPlan.STACK_STRIDE
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
            case CONFIGURATION ->
                ConfigurationPage.encode(
                        plan, layout, boot, directMap, images.subList(1, images.size()), random);
            case PAGE_TABLES -> tables.bytes();
            case STACKS, RING -> null;
            case CHANNEL -> callChannel();
            case PROGRAM -> program(segment);
        };
    }

    private ByteBuffer program(RegionSegment segment) {
        int index = programSegments().indexOf(segment);
        for (int i = 0; i < images.size(); i++) {
            int count = plan.programs().get(i).segments().size();
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
