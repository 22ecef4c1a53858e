// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.simvm.region.RegionSegment.Role;
import org.simvm.region.SimAbi.Header;

/** {@code struct sim_region_header}: page 0 of a region file. */
final class RegionHeader {
    private RegionHeader() {}

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

    static ByteBuffer encode(RegionLayout layout, long simCr3, RegionPlan plan) {
        List<RegionSegment> table =
                layout.segments().stream().filter(RegionHeader::inTable).toList();
        ByteBuffer page = ByteBuffer.allocate(SimAbi.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        page.put(0, SimAbi.MAGIC.getBytes(StandardCharsets.US_ASCII));
        page.putInt(
                Header.ABI,
                plan.gate() == GateKind.VMFUNC ? SimAbi.VMFUNC_VERSION : SimAbi.VERSION);
        page.putInt(Header.SEGMENT_COUNT, table.size());
        page.putLong(Header.FILE_SIZE, layout.fileSize());
        page.putLong(Header.AREA_BASE, layout.area().base());
        page.putLong(Header.AREA_SIZE, layout.area().size());
        page.putLong(Header.SIM_CR3, simCr3);
        page.putInt(Header.DOORBELL_PORT, plan.doorbellPort());
        page.putInt(Header.GATE, plan.gate().code());
        layout.segments().stream()
                .filter(segment -> segment.role() == Role.CHANNEL)
                .forEach(channel -> page.putLong(Header.CHANNEL, channel.offset()));
        int at = Header.SEGMENTS;
        for (RegionSegment segment : table) {
            page.putLong(at, segment.offset());
            page.putLong(at + 8, segment.size());
            page.putLong(at + 16, segment.gpa());
            page.putInt(at + 24, segment.view().code());
            page.putInt(at + 28, segment.access().code());
            at += SimAbi.SEGMENT_SIZE;
        }
        return page;
    }

    /** The header of a region that is not finished: QEMU chooses the area from its zeros. */
    static ByteBuffer unplaced(RegionLayout layout, RegionPlan plan) {
        return encode(layout, 0, plan).putLong(Header.AREA_BASE, 0).putLong(Header.AREA_SIZE, 0);
    }

    /** The plan of a region that lies where its header says; unchanged before QEMU has chosen. */
    static RegionPlan placed(ByteBuffer page, RegionPlan plan) throws RegionException {
        ByteBuffer header = page.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        long base = header.getLong(Header.AREA_BASE);
        long size = header.getLong(Header.AREA_SIZE);
        if (base == 0 && size == 0) {
            return plan;
        }
        try {
            return plan.in(new RegionArea(base, size));
        } catch (IllegalArgumentException error) {
            throw new RegionException("the region's header is damaged (area)", error);
        }
    }

    private static boolean inTable(RegionSegment segment) {
        return segment.role() != Role.CHANNEL;
    }

    /** Reads which gate a region was made for, of a header that need be nothing else. */
    static GateKind gate(ByteBuffer page) throws RegionException {
        return GateKind.of(page.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(Header.GATE));
    }

    /**
     * Reads a header back; virtual addresses are not in it and stay 0, but for those in a process.
     */
    static RegionLayout decode(ByteBuffer page, long actualFileSize, RegionPlan plan)
            throws RegionException {
        ByteBuffer header = page.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[8];
        header.get(0, magic);
        if (!SimAbi.MAGIC.equals(new String(magic, StandardCharsets.ISO_8859_1))
                || header.getInt(Header.ABI) < SimAbi.VMFUNC_VERSION
                || header.getInt(Header.ABI) > SimAbi.VERSION) {
            throw new RegionException("not a region of this manager's version");
        }
        long fileSize = header.getLong(Header.FILE_SIZE);
        if (fileSize != plan.fileSize()
                || fileSize != actualFileSize
                || gate(header).code() != plan.gate().code()) {
            throw new RegionException(
                    "the region is not of the size and gate that the domain's settings ask for");
        }
        List<RegionSegment> segments = new ArrayList<>();
        List<String> programs = new ArrayList<>();
        plan.programs()
                .forEach(program -> program.segments()
                        .forEach(segment -> programs.add(program.name() + " " + segment.access())));
        int count = header.getInt(Header.SEGMENT_COUNT);
        List<Role> roles = rolesInTable(plan.gate());
        int first = roles.size();
        if (count != first + programs.size()) {
            throw new RegionException(
                    "the region has other monitors in it than the domain's settings name");
        }
        for (int i = 0; i < count; i++) {
            int at = Header.SEGMENTS + i * SimAbi.SEGMENT_SIZE;
            Role role = i < first ? roles.get(i) : Role.PROGRAM;
            View view = View.of(header.getInt(at + 24));
            long address = header.getLong(at + 16);
            RegionSegment segment = new RegionSegment(
                    role,
                    i < first ? nameOf(role) : programs.get(i - first),
                    header.getLong(at),
                    header.getLong(at + 8),
                    address,
                    view,
                    Access.of(header.getInt(at + 28)),
                    view == View.PROCESS ? address : 0);
            if (!inFile(segment, fileSize)
                    || (view != View.PROCESS
                            && !plan.area().contains(segment.gpa(), segment.size()))) {
                throw new RegionException("the region's header is damaged (segment " + i + ")");
            }
            segments.add(segment);
        }
        if (!plan.gate().inGuest()) {
            RegionSegment channel = new RegionSegment(
                    Role.CHANNEL,
                    nameOf(Role.CHANNEL),
                    header.getLong(Header.CHANNEL),
                    Pages.roundUp(SimAbi.Channel.SIZE),
                    0,
                    View.PROCESS,
                    Access.READ_WRITE,
                    0);
            if (!inFile(channel, fileSize)) {
                throw new RegionException("the region's header is damaged (call channel)");
            }
            segments.add(first, channel);
        }
        long frame = segments.get(0).gpa() / RegionArea.GIBIBYTE * RegionArea.GIBIBYTE;
        return new RegionLayout(plan.area(), fileSize, frame, segments);
    }

    private static boolean inFile(RegionSegment segment, long fileSize) {
        return segment.size() > 0
                && segment.offset() >= SimAbi.PAGE_SIZE
                && segment.size() <= fileSize - segment.offset();
    }

    static String nameOf(Role role) {
        return switch (role) {
            case GATE_ENTRY -> "gate G1";
            case GATE_ENTRY_SIM -> "gate G1 (SIM)";
            case GATE_INNER -> "gate G2";
            case CONFIGURATION -> "configuration";
            case PAGE_TABLES -> "SIM page tables";
            case STACKS -> "stacks";
            case RING -> "ring";
            case CHANNEL -> "call channel";
            case PROGRAM -> "program";
        };
    }
}
