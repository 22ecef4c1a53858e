// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What goes into a domain's region and how large things are; fixed as long as the domain runs. The
 * event ring takes the largest power of two that everything else leaves.
 *
 * @param area the guest-physical range that belongs to SIM
 * @param fileSize bytes of the region, a multiple of the page size, at most 1 GiB
 * @param guestMemory bytes of guest RAM at most, hot-pluggable memory included; sizes the page
 *     tables
 * @param stackCount calls that can be in the SIM view at once (number of vCPUs is enough),
 *     1..{@value SimAbi#MAX_STACKS}; with gate {@code EXIT} vCPUs that can call, each with its own
 *     slot
 * @param doorbellPort I/O port the monitor writes to; with gate {@code EXIT} the one that the
 *     guest's gate writes to
 * @param gate how hooks reach the monitors
 * @param gates the gate template
 * @param lastBranchGates the one for a QEMU that keeps a last branch record
 * @param core core.elf
 * @param monitors in the order of the domain's settings: an index here is {@code sim_event.monitor}
 */
public record RegionPlan(
        RegionArea area,
        long fileSize,
        long guestMemory,
        int stackCount,
        int doorbellPort,
        GateKind gate,
        GateTemplate gates,
        Optional<GateTemplate> lastBranchGates,
        MonitorProgram core,
        List<PlannedMonitor> monitors) {
    /** Bytes of each SIM stack, which monitors rely on ({@code sim_monitor.h}). */
    public static final long STACK_SIZE = 16 << 10;
    /** Bytes from one stack's top to the next: the stack and a guard page below it. */
    static final long STACK_STRIDE = STACK_SIZE + SimAbi.PAGE_SIZE;
    /** Least bytes of ring data: some 400 events of a system call with a path. */
    public static final long MIN_RING_CAPACITY = 64 << 10;
    /** Most bytes of a region; one mapping of a Java process must hold it. */
    public static final long MAX_FILE_SIZE = 1L << 30;

    /**
     * Checks everything that can be checked before the domain starts.
     *
     * @throws IllegalArgumentException for a number out of range, which is the caller's fault
     */
    public RegionPlan {
        monitors = List.copyOf(monitors);
        if (fileSize <= 0
                || fileSize % SimAbi.PAGE_SIZE != 0
                || guestMemory <= 0
                || stackCount < 1
                || stackCount > SimAbi.MAX_STACKS
                || doorbellPort < 1
                || doorbellPort > 0xffff) {
            throw new IllegalArgumentException("region plan: " + fileSize + " bytes, " + guestMemory
                    + " bytes of guest memory, "
                    + stackCount + " stacks, doorbell port " + doorbellPort);
        }
    }

    /** With gates that know a call by the return address alone. */
    public RegionPlan(
            RegionArea area,
            long fileSize,
            long guestMemory,
            int stackCount,
            int doorbellPort,
            GateKind gate,
            GateTemplate gates,
            MonitorProgram core,
            List<PlannedMonitor> monitors) {
        this(
                area,
                fileSize,
                guestMemory,
                stackCount,
                doorbellPort,
                gate,
                gates,
                Optional.empty(),
                core,
                monitors);
    }

    /** The same in another area. */
    RegionPlan in(RegionArea other) {
        return new RegionPlan(
                other,
                fileSize,
                guestMemory,
                stackCount,
                doorbellPort,
                gate,
                gates,
                lastBranchGates,
                core,
                monitors);
    }

    /** The same with the gate that reads the last branch record, if there is one of this kind. */
    RegionPlan readingLastBranch() {
        return gate != GateKind.VMFUNC || lastBranchGates.isEmpty()
                ? this
                : new RegionPlan(
                        area,
                        fileSize,
                        guestMemory,
                        stackCount,
                        doorbellPort,
                        gate,
                        lastBranchGates.get(),
                        lastBranchGates,
                        core,
                        monitors);
    }

    /** Core first, then the monitors in order: the order of program segments in the header. */
    List<MonitorProgram> programs() {
        List<MonitorProgram> programs = new ArrayList<>();
        programs.add(core);
        monitors.stream().map(PlannedMonitor::program).forEach(programs::add);
        return programs;
    }

    /**
     * A monitor and the parameters that the domain's settings give it.
     *
     * @param program the monitor
     * @param parameters name → text
     */
    public record PlannedMonitor(MonitorProgram program, Map<String, String> parameters) {
        public PlannedMonitor {
            parameters = Map.copyOf(parameters);
        }

        /**
         * Turns the parameters into bytes; what the settings leave out keeps the ELF file's value.
         *
         * @return address as linked → bytes
         * @throws RegionException for a parameter that the monitor doesn't have, or a text that
         *     isn't of its type
         */
        public Map<Long, byte[]> encodeParameters() throws RegionException {
            return ProgramImage.encodeParameters(program, parameters);
        }
    }
}
