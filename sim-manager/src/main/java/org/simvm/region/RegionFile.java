// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.simvm.region.RegionSegment.Role;

/**
 * The file that backs a domain's region: QEMU maps it, the manager writes it before boot and at
 * arming, and reads the ring in it.
 *
 * <p>Everything but the ring goes through the file descriptor, so a full file system is an
 * exception and not a SIGBUS. Not thread-safe, but for the {@link RingReader}, which may run beside
 * the rest.
 */
public final class RegionFile implements AutoCloseable {
    /** {@code mov $0x1dc, %ecx; rdmsr}, which no other gate has. */
    private static final byte[] READ_LAST_BRANCH = {
        (byte) 0xb9, (byte) 0xdc, 0x01, 0x00, 0x00, 0x0f, 0x32
    };

    private final Path path;
    private RegionPlan plan;
    private final RegionStorage storage;
    private final SecureRandom random;
    private RegionLayout layout;
    private boolean attached;
    private boolean used;

    private RegionFile(
            Path path,
            RegionPlan plan,
            RegionStorage storage,
            SecureRandom random,
            RegionLayout layout) {
        this.path = path;
        this.plan = plan;
        this.storage = storage;
        this.random = random;
        this.layout = layout;
    }

    /**
     * Writes a new region file: mode 0600, every page allocated, header and a first random layout
     * in place, monitors not yet filled in. The file appears under its name only when it is
     * complete; on failure nothing stays behind.
     *
     * @param path e.g. {@code /run/sim-manager/domains/libvirt-<uuid>/region}; its folder must
     *     exist; an old file is replaced
     * @param owner user and group that QEMU runs as, or null to leave the manager's own
     * @throws RegionException if the region is too small for the plan, the file can't be written,
     *     or a parameter is wrong
     */
    public static RegionFile create(Path path, FileOwner owner, RegionPlan plan)
            throws RegionException {
        SecureRandom random = new SecureRandom();
        RegionLayout layout = LayoutPlanner.place(plan, random);
        for (RegionPlan.PlannedMonitor monitor : plan.monitors()) {
            monitor.encodeParameters();
        }
        RegionStorage storage = RegionStorage.create(
                path, owner, plan.fileSize(), RegionHeader.unplaced(layout, plan));
        return new RegionFile(path, plan, storage, random, layout);
    }

    /**
     * Opens a region that an earlier manager created and whose guest still runs: layout and ring
     * come from the file. Virtual addresses in the SIM view are not known then (0 in the layout)
     * until the region is {@link #reset}.
     *
     * @throws RegionException if the file is not a region of this ABI, or not one of this plan
     */
    public static RegionFile attach(Path path, RegionPlan plan) throws RegionException {
        RegionStorage storage = RegionStorage.open(path);
        try {
            ByteBuffer header = storage.read(0, SimAbi.PAGE_SIZE);
            RegionPlan placed = RegionHeader.placed(header, plan);
            RegionLayout layout = decode(path, header, storage.size(), placed);
            RegionFile file = new RegionFile(path, placed, storage, new SecureRandom(), layout);
            file.attached = true;
            return file;
        } catch (RegionException error) {
            storage.close();
            throw error;
        }
    }

    private static RegionLayout decode(Path path, ByteBuffer header, long size, RegionPlan plan)
            throws RegionException {
        try {
            return RegionHeader.decode(header, size, plan);
        } catch (RegionException error) {
            throw new RegionException(
                    path + ": " + error.getMessage() + "; destroy the domain and start it again",
                    error);
        }
    }

    /**
     * Tells which gate a region of an earlier manager was made for; of the two hypercalls it is
     * {@code VMCALL}.
     *
     * @throws RegionException if the file is not a region of this ABI
     */
    public static GateKind gate(Path path) throws RegionException {
        try (RegionStorage storage = RegionStorage.open(path)) {
            return RegionHeader.gate(storage.read(0, SimAbi.PAGE_SIZE));
        }
    }

    /** Tells where everything is now. */
    public RegionLayout layout() {
        return layout;
    }

    /**
     * Tells whether it must be {@link #reset} before the next boot: it was {@linkplain #attach
     * attached}, or filled in for an earlier one.
     */
    public boolean needsReset() {
        return attached || used;
    }

    /** Tells what it was made from. */
    public RegionPlan plan() {
        return plan;
    }

    /**
     * Fills in all that was unknown before boot: programs (relocated, slots and parameters set),
     * configuration with the hook table, gates, SIM page tables, and the header's {@code sim_cr3}
     * and gate addresses. Call it before {@code sim-apply} with {@code map}, while the guest can't
     * run in the SIM view; may be called again as long as the region isn't mapped.
     *
     * @param area where QEMU lets the region be; if it is another one than before, everything is
     *     placed again, in it
     * @param lastBranchRecord whether the gate can read which branch led to it
     * @throws RegionException if a value is missing or out of range, or writing fails; the region
     *     is not usable then
     */
    public BootImage finalizeImage(BootValues values, RegionArea area, boolean lastBranchRecord)
            throws RegionException {
        if (attached) {
            throw new RegionException(
                    path + ": was made by an earlier manager; reset it before its guest is armed");
        }
        used = true;
        if (!area.equals(plan.area())) {
            plan = plan.in(area);
            layout = LayoutPlanner.place(plan, random);
        }
        ImageBuilder builder = new ImageBuilder(
                lastBranchRecord ? plan.readingLastBranch() : plan, layout, values, random);
        builder.build();
        for (RegionSegment segment : builder.layout().segments()) {
            ByteBuffer bytes = builder.bytes(segment);
            if (bytes != null) {
                storage.write(bytes, segment.offset());
            }
        }
        BootImage image = builder.image();
        storage.write(RegionHeader.encode(image.layout(), image.simCr3(), plan), 0);
        layout = image.layout();
        return image;
    }

    /** The same in the plan's area, where nothing tells which branch led to the gate. */
    public BootImage finalizeImage(BootValues values) throws RegionException {
        return finalizeImage(values, plan.area(), false);
    }

    /**
     * Tells whether the gate in force, which an earlier manager may have put there, knows a call by
     * the last branch record, and not by the return address that was pushed.
     */
    public boolean readsLastBranch() throws RegionException {
        if (!plan.gate().inGuest()) {
            return false;
        }
        ByteBuffer inner = read(layout.segment(Role.GATE_INNER), 0, SimAbi.PAGE_SIZE);
        ByteBuffer reading = ByteBuffer.wrap(READ_LAST_BRANCH);
        for (int i = 0; i <= inner.limit() - reading.limit(); i++) {
            if (inner.slice(i, reading.limit()).equals(reading)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Starts over for a guest that was reset: another random layout, zeros in everything that the
     * last boot left, ring included. A {@link RingReader} made before is dead. Call it only while
     * QEMU has the region unmapped (state {@code waiting}).
     */
    public RegionLayout reset() throws RegionException {
        RegionLayout next = LayoutPlanner.place(plan, random);
        storage.zero(SimAbi.PAGE_SIZE, plan.fileSize() - SimAbi.PAGE_SIZE);
        storage.write(RegionHeader.unplaced(next, plan), 0);
        layout = next;
        attached = false;
        used = false;
        return next;
    }

    /**
     * Gives the reader of the ring in the present layout; one reader at a time, and none before the
     * last {@link #reset}.
     */
    public RingReader ring() throws RegionException {
        RegionSegment ring = layout.segment(Role.RING);
        return new RingReader(storage.map(ring.offset(), ring.size()));
    }

    /**
     * Reads part of a segment from the file, for integrity checks.
     *
     * @param offset in the segment
     * @param length bytes
     * @throws IndexOutOfBoundsException if the range is not in the segment
     */
    public ByteBuffer read(RegionSegment segment, long offset, int length) throws RegionException {
        if (offset < 0 || length < 0 || offset > segment.size() - length) {
            throw new IndexOutOfBoundsException(segment + ": " + offset + ", " + length);
        }
        return storage.read(segment.offset() + offset, length);
    }

    /**
     * Tells what the monitors' process must know beside the header, for a region whose image is
     * complete; gate {@code EXIT} alone has such a process.
     */
    public ProcessEntry processEntry() throws RegionException {
        MonitorProgram core = plan.core();
        RegionSegment first = layout.segments().stream()
                .filter(segment -> segment.role() == Role.PROGRAM)
                .findFirst()
                .orElseThrow();
        long dispatch = first.virtualAddress() - ProgramImage.start(core) + core.dispatch();
        long directMap = read(
                        layout.segment(Role.CONFIGURATION), SimAbi.Config.DIRECT_MAP, Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        return new ProcessEntry(path, dispatch, directMap);
    }

    /**
     * Tells which process says that it serves calls of gate {@code EXIT}; 0 if none does. A claim:
     * check it.
     */
    public int servingProcess() throws RegionException {
        return read(layout.segment(Role.CHANNEL), SimAbi.Channel.PROCESS, Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
    }

    /** Tells how far the monitors have reserved room in the ring: bytes since it was new. */
    public long ringReserved() throws RegionException {
        return read(layout.segment(Role.RING), SimAbi.Ring.HEAD, Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    /** Tells how many calls of the gate came from no hook since the guest was armed. */
    public long unknownCalls() throws RegionException {
        return read(layout.segment(Role.RING), SimAbi.Ring.UNKNOWN_CALLS, Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    /** Returns the file's name. */
    public Path path() {
        return path;
    }

    /** Closes the file; it stays where it is, and so does a ring reader's mapping. */
    @Override
    public void close() {
        storage.close();
    }
}
