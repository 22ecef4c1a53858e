// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.simvm.region.RegionPlan.PlannedMonitor;
import org.simvm.region.RegionSegment.Role;

/**
 * Decides sizes, then addresses at random: every segment's guest-physical address within the area,
 * and virtual addresses in the lower canonical half, one for each segment and one for each program
 * (whose PT_LOADs keep their distances).
 *
 * <p>With gate {@code EXIT} nothing but the gate page has a guest-physical address, and the virtual
 * addresses are those in the monitors' process.
 */
final class LayoutPlanner {
    private static final int GATE_PAGES_IN_FRAME = 1 << 18;
    private static final long CHANNEL_SIZE = Pages.roundUp(SimAbi.Channel.SIZE);

    /**
     * What a process can map anywhere, but for what Linux puts there: a program at its fixed
     * address with its heap below; programs without one from two thirds of the lower half on,
     * libraries and stack at its end.
     */
    private static final long PROCESS_START = 1L << 32;

    private static final long PROCESS_END = 0x500000000000L;

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
        this.virtual = virtualAddresses(plan.gate(), random);
    }

    /** Where segments and the map of guest RAM may lie. */
    static AddressSpace virtualAddresses(GateKind gate, RandomGenerator random) {
        return gate.inGuest()
                ? new AddressSpace(
                        SimPageTables.LOWEST_ADDRESS, SimPageTables.LOWER_HALF_END, random)
                : new AddressSpace(PROCESS_START, PROCESS_END, random);
    }

    static long requiredSize(RegionPlan plan) {
        return sizeWithRing(plan, RegionPlan.MIN_RING_CAPACITY);
    }

    static long ringCapacity(RegionPlan plan) throws RegionException {
        if (plan.fileSize() < requiredSize(plan)) {
            throw new RegionException(String.format(
                    "the region of %d KiB is too small: these monitors and"
                            + " %d stacks need %d KiB;"
                            + " raise the size of <sim:region> in the domain's settings (%d "
                            + "MiB will do)",
                    plan.fileSize() >> 10,
                    plan.stackCount(),
                    requiredSize(plan) + 1023 >> 10,
                    requiredSize(plan) + (1 << 20) - 1 >> 20));
        }
        if (plan.fileSize() > RegionPlan.MAX_FILE_SIZE) {
            throw new RegionException(String.format(
                    "the region of %d MiB is too large: at most %d MiB can"
                            + " be used; lower the size of"
                            + " <sim:region> in the domain's settings",
                    plan.fileSize() >> 20, RegionPlan.MAX_FILE_SIZE >> 20));
        }
        long capacity = RegionPlan.MIN_RING_CAPACITY;
        while (sizeWithRing(plan, capacity * 2) <= plan.fileSize()) {
            capacity *= 2;
        }
        return capacity;
    }

    private static long sizeWithRing(RegionPlan plan, long capacity) {
        long programs = programs(plan).stream()
                .flatMap(program -> program.segments().stream())
                .mapToLong(ProgramSegment::memorySize)
                .sum();
        long ring = SimAbi.PAGE_SIZE + capacity;
        if (!plan.gate().inGuest()) { // header, gate, configuration
            return 3 * SimAbi.PAGE_SIZE + CHANNEL_SIZE + programs + ring;
        }
        // header, gates, configuration
        return 5 * SimAbi.PAGE_SIZE
                + SimPageTables.pagesFor(plan, capacity) * SimAbi.PAGE_SIZE
                + plan.stackCount() * RegionPlan.STACK_SIZE
                + programs
                + ring;
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

    /** The segments before those of the programs, in the header's order. */
    static List<Role> rolesInTable(GateKind gate) {
        return gate.inGuest()
                ? List.of(
                        Role.GATE_ENTRY,
                        Role.GATE_ENTRY_SIM,
                        Role.GATE_INNER,
                        Role.CONFIGURATION,
                        Role.PAGE_TABLES,
                        Role.STACKS,
                        Role.RING)
                : List.of(Role.GATE_ENTRY, Role.CONFIGURATION, Role.RING);
    }

    private RegionLayout place() throws RegionException {
        long ring = ringCapacity(plan);
        int count = rolesInTable(plan.gate()).size()
                + programs(plan).stream()
                        .mapToInt(program -> program.segments().size())
                        .sum();
        if (count > SimAbi.MAX_SEGMENTS) {
            throw new RegionException(
                    "the monitors have " + count + " segments, and a region holds "
                            + SimAbi.MAX_SEGMENTS
                            + "; name fewer monitors in the domain's settings");
        }
        long frames = plan.area().size() / RegionArea.GIBIBYTE;
        long frame = plan.area().base() + random.nextLong(frames) * RegionArea.GIBIBYTE;
        physical.take(frame, RegionArea.GIBIBYTE);
        long gate = frame + random.nextInt(GATE_PAGES_IN_FRAME - 1) * (long) SimAbi.PAGE_SIZE;

        add(Role.GATE_ENTRY, SimAbi.PAGE_SIZE, gate, View.NORMAL, Access.READ_EXECUTE, 0);
        if (plan.gate().inGuest()) {
            placeInGuest(gate, ring);
        } else {
            addData(Role.CONFIGURATION, SimAbi.PAGE_SIZE, Access.READ_ONLY);
            addData(Role.RING, SimAbi.PAGE_SIZE + ring, Access.READ_WRITE);
            add(Role.CHANNEL, CHANNEL_SIZE, 0, View.PROCESS, Access.READ_WRITE, 0);
        }
        for (MonitorProgram program : programs(plan)) {
            long base = virtual.place(ProgramImage.span(program), SimAbi.PAGE_SIZE)
                    - ProgramImage.start(program);
            for (ProgramSegment segment : program.segments()) {
                addInner(
                        Role.PROGRAM,
                        program.name() + " " + segment.access(),
                        segment.memorySize(),
                        segment.access(),
                        base + segment.virtualAddress());
            }
        }
        return new RegionLayout(plan.area(), plan.fileSize(), frame, segments);
    }

    private void placeInGuest(long gate, long ring) throws RegionException {
        add(Role.GATE_ENTRY_SIM, SimAbi.PAGE_SIZE, gate, View.SIM, Access.EXECUTE_ONLY, 0);
        add(
                Role.GATE_INNER,
                SimAbi.PAGE_SIZE,
                gate + SimAbi.PAGE_SIZE,
                View.SIM,
                Access.EXECUTE_ONLY,
                0);
        addData(Role.CONFIGURATION, SimAbi.PAGE_SIZE, Access.READ_ONLY);
        long tables = SimPageTables.pagesFor(plan, ring) * SimAbi.PAGE_SIZE;
        add(
                Role.PAGE_TABLES,
                tables,
                physical.place(tables, SimAbi.PAGE_SIZE),
                View.SIM,
                Access.READ_WRITE,
                0);
        long stacks = plan.stackCount() * RegionPlan.STACK_SIZE;
        add(
                Role.STACKS,
                stacks,
                physical.place(stacks, SimAbi.PAGE_SIZE),
                View.SIM,
                Access.READ_WRITE,
                virtual.place(plan.stackCount() * stackStride(), SimAbi.PAGE_SIZE));
        addData(Role.RING, SimAbi.PAGE_SIZE + ring, Access.READ_WRITE);
    }

    /** Bytes from one stack's top to the next: the stack and a guard page below it. */
    static long stackStride() {
        return RegionPlan.STACK_SIZE + SimAbi.PAGE_SIZE;
    }

    private void addData(Role role, long size, Access access) throws RegionException {
        addInner(
                role,
                RegionHeader.nameOf(role),
                size,
                access,
                virtual.place(size, SimAbi.PAGE_SIZE));
    }

    /** Adds what the guest's own code is never shown. */
    private void addInner(Role role, String name, long size, Access access, long virtualAddress)
            throws RegionException {
        if (plan.gate().inGuest()) {
            add(
                    role,
                    name,
                    size,
                    physical.place(size, SimAbi.PAGE_SIZE),
                    View.SIM,
                    access,
                    virtualAddress);
        } else {
            add(role, name, size, virtualAddress, View.PROCESS, access, virtualAddress);
        }
    }

    private void add(
            Role role, long size, long gpa, View view, Access access, long virtualAddress) {
        add(role, RegionHeader.nameOf(role), size, gpa, view, access, virtualAddress);
    }

    private void add(
            Role role,
            String name,
            long size,
            long gpa,
            View view,
            Access access,
            long virtualAddress) {
        segments.add(
                new RegionSegment(role, name, fileOffset, size, gpa, view, access, virtualAddress));
        fileOffset += size;
    }
}
