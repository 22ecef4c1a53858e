// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.simvm.region.RegionPlan.PlannedMonitor;
import org.simvm.region.RegionSegment.Role;

/**
 * Decides sizes, then addresses at random: every segment's guest-physical address within the area, and
 * virtual addresses in the lower canonical half, one for each segment and one for each program (whose
 * PT_LOADs keep their distances).
 */
final class LayoutPlanner {
    private static final int GATE_PAGES_IN_FRAME = 1 << 18;

    private final RegionPlan plan;
    private final RandomGenerator random;
    private final AddressSpace physical;
    private final AddressSpace virtual;
    private final List<RegionSegment> segments = new ArrayList<>();
    private long fileOffset = SimAbi.PAGE_SIZE;

    private LayoutPlanner(RegionPlan plan, RandomGenerator random) {
        this.plan = plan;
        this.random = random;
        this.physical = new AddressSpace(plan.area().base(), plan.area().end(), random);
        this.virtual = new AddressSpace(SimPageTables.LOWEST_ADDRESS, SimPageTables.LOWER_HALF_END, random);
    }

    static long requiredSize(RegionPlan plan) {
        return sizeWithoutRing(plan) + SimPageTables.pagesFor(plan,
                RegionPlan.MIN_RING_CAPACITY) * SimAbi.PAGE_SIZE
                + SimAbi.PAGE_SIZE + RegionPlan.MIN_RING_CAPACITY;
    }

    static long ringCapacity(RegionPlan plan) throws RegionException {
        if (plan.fileSize() < requiredSize(plan)) {
            throw new RegionException(String.format("the region of %d KiB is too small: these monitors and"
                    + " %d stacks need %d KiB;"
                    + " raise the size of <sim:region> in the domain's settings (%d MiB will do)",
                    plan.fileSize() >> 10,
                    plan.stackCount(), requiredSize(plan) + 1023 >> 10,
                    requiredSize(plan) + (1 << 20) - 1 >> 20));
        }
        if (plan.fileSize() > RegionPlan.MAX_FILE_SIZE) {
            throw new RegionException(String.format("the region of %d MiB is too large: at most %d MiB can"
                    + " be used; lower the size of"
                    + " <sim:region> in the domain's settings", plan.fileSize() >> 20,
                    RegionPlan.MAX_FILE_SIZE >> 20));
        }
        long capacity = RegionPlan.MIN_RING_CAPACITY;
        while (sizeWithoutRing(plan) + SimPageTables.pagesFor(plan, capacity * 2) * SimAbi.PAGE_SIZE
                + SimAbi.PAGE_SIZE
                + capacity * 2 <= plan.fileSize()) {
            capacity *= 2;
        }
        return capacity;
    }

    /** Header, gates, configuration, bitmap, stacks and programs. */
    private static long sizeWithoutRing(RegionPlan plan) {
        long programs = programs(plan).stream().flatMap(program -> program.segments().stream())
                .mapToLong(ProgramSegment::memorySize).sum();
        return (1 + 3 + 1 + 1) * SimAbi.PAGE_SIZE + plan.stackCount() * RegionPlan.STACK_SIZE + programs;
    }

    /** Core first, then the monitors in order: the order of program segments in the header. */
    static List<MonitorProgram> programs(RegionPlan plan) {
        List<MonitorProgram> programs = new ArrayList<>();
        programs.add(plan.core());
        plan.monitors().stream().map(PlannedMonitor::program).forEach(programs::add);
        return programs;
    }

    static RegionLayout place(RegionPlan plan, RandomGenerator random) throws RegionException {
        return new LayoutPlanner(plan, random).place();
    }

    private RegionLayout place() throws RegionException {
        long ring = ringCapacity(plan);
        int count = Role.PROGRAM.ordinal() + programs(plan).stream()
                .mapToInt(program -> program.segments().size()).sum();
        if (count > SimAbi.MAX_SEGMENTS) {
            throw new RegionException("the monitors have " + count + " segments, and a region holds "
                    + SimAbi.MAX_SEGMENTS
                    + "; name fewer monitors in the domain's settings");
        }
        long frames = plan.area().size() / RegionArea.GIBIBYTE;
        long frame = plan.area().base() + random.nextLong(frames) * RegionArea.GIBIBYTE;
        physical.take(frame, RegionArea.GIBIBYTE);
        long gate = frame + random.nextInt(GATE_PAGES_IN_FRAME - 1) * (long) SimAbi.PAGE_SIZE;

        add(Role.GATE_ENTRY, SimAbi.PAGE_SIZE, gate, View.NORMAL, Access.READ_EXECUTE, 0);
        add(Role.GATE_ENTRY_SIM, SimAbi.PAGE_SIZE, gate, View.SIM, Access.EXECUTE_ONLY, 0);
        add(Role.GATE_INNER, SimAbi.PAGE_SIZE, gate + SimAbi.PAGE_SIZE, View.SIM,
                Access.EXECUTE_ONLY, 0);
        addData(Role.CONFIGURATION, SimAbi.PAGE_SIZE, Access.READ_ONLY);
        long tables = SimPageTables.pagesFor(plan, ring) * SimAbi.PAGE_SIZE;
        add(Role.PAGE_TABLES, tables, physical.place(tables, SimAbi.PAGE_SIZE), View.SIM,
                Access.READ_WRITE, 0);
        addData(Role.STACK_BITMAP, SimAbi.PAGE_SIZE, Access.READ_WRITE);
        long stacks = plan.stackCount() * RegionPlan.STACK_SIZE;
        add(Role.STACKS, stacks, physical.place(stacks, SimAbi.PAGE_SIZE), View.SIM,
                Access.READ_WRITE,
                virtual.place(plan.stackCount() * stackStride(), SimAbi.PAGE_SIZE));
        addData(Role.RING, SimAbi.PAGE_SIZE + ring, Access.READ_WRITE);
        for (MonitorProgram program : programs(plan)) {
            long base = virtual.place(ProgramImage.span(program),
                    SimAbi.PAGE_SIZE) - ProgramImage.start(program);
            for (ProgramSegment segment : program.segments()) {
                add(Role.PROGRAM, program.name() + " " + segment.access(), segment.memorySize(),
                        physical.place(segment.memorySize(), SimAbi.PAGE_SIZE), View.SIM, segment.access(),
                        base + segment.virtualAddress());
            }
        }
        return new RegionLayout(plan.area(), plan.fileSize(), frame, segments);
    }

    /** Bytes from one stack's top to the next: the stack and a guard page below it. */
    static long stackStride() {
        return RegionPlan.STACK_SIZE + SimAbi.PAGE_SIZE;
    }

    private void addData(Role role, long size, Access access) throws RegionException {
        add(role, size, physical.place(size, SimAbi.PAGE_SIZE), View.SIM, access,
                virtual.place(size, SimAbi.PAGE_SIZE));
    }

    private void add(Role role, long size, long gpa, View view, Access access, long virtualAddress) {
        add(role, RegionHeader.nameOf(role), size, gpa, view, access, virtualAddress);
    }

    private void add(Role role, String name, long size, long gpa, View view, Access access,
            long virtualAddress) {
        segments.add(new RegionSegment(role, name, fileOffset, size, gpa, view, access, virtualAddress));
        fileOffset += size;
    }
}
