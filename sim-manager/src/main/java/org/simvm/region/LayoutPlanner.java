// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
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

    static RegionLayout place(RegionPlan plan, RandomGenerator random) throws RegionException {
        return new LayoutPlanner(plan, random).place();
    }

    private RegionLayout place() throws RegionException {
        long ring = RegionSize.ringCapacity(plan);
        int count = RegionHeader.rolesInTable(plan.gate()).size()
                + plan.programs().stream()
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
            add(Role.CHANNEL, RegionSize.CHANNEL_SIZE, 0, View.PROCESS, Access.READ_WRITE, 0);
        }
        for (MonitorProgram program : plan.programs()) {
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
                virtual.place(plan.stackCount() * RegionPlan.STACK_STRIDE, SimAbi.PAGE_SIZE));
        addData(Role.RING, SimAbi.PAGE_SIZE + ring, Access.READ_WRITE);
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
