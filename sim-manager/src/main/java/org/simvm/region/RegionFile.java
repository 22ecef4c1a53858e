// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The file that backs a domain's region: QEMU maps it, the manager writes it before boot and at arming, and reads the ring in it.
 *
 * <p>Everything but the ring goes through the file descriptor, so a full file system is an exception and not a SIGBUS.
 * Not thread-safe, but for the {@link RingReader}, which may run beside the rest.
 */
public final class RegionFile implements AutoCloseable {
    private RegionFile() {
    }

    /**
     * Writes a new region file: mode 0600, every page allocated, header and a first random layout in place, monitors not yet filled in.
     * The file appears under its name only when it is complete; on failure nothing stays behind.
     *
     * @param path e.g. {@code /run/sim-manager/domains/<uuid>/region}; its folder must exist; an old file is replaced
     * @param owner user and group that QEMU runs as, or null to leave the manager's own
     * @throws RegionException if the region is too small for the plan, the file can't be written, or a parameter is wrong
     */
    public static RegionFile create(Path path, FileOwner owner, RegionPlan plan) throws RegionException {
        throw new RegionException(path + ": not yet");
    }

    /**
     * Opens a region that an earlier manager created and whose guest still runs: layout and ring come from the file.
     * Such a region can be {@link #reset}, and then finalized, like any other if its plan is given again.
     *
     * @throws RegionException if the file is not a region of this ABI
     */
    public static RegionFile attach(Path path, RegionPlan plan) throws RegionException {
        throw new RegionException(path + ": not yet");
    }

    /** Tells where everything is now. */
    public RegionLayout layout() {
        throw new IllegalStateException("not yet");
    }

    /**
     * Fills in all that was unknown before boot: programs (relocated, slots and parameters set), configuration with the
     * hook table, gates, SIM page tables, and the header's {@code sim_cr3} and gate addresses. Call it before {@code sim-apply} with
     * {@code map}, while the guest can't run in the SIM view; may be called again as long as the region isn't mapped.
     *
     * @throws RegionException if a value is missing or out of range; the region is not usable then
     */
    public BootImage finalizeImage(BootValues values) throws RegionException {
        throw new RegionException("not yet");
    }

    /**
     * Starts over for a guest that was reset: another random layout, zeros in everything that the last boot left, ring included.
     * A {@link RingReader} made before is dead. Call it only while QEMU has the region unmapped (state {@code waiting}).
     */
    public RegionLayout reset() throws RegionException {
        throw new RegionException("not yet");
    }

    /** Gives the reader of the ring in the present layout; one reader at a time. */
    public RingReader ring() throws RegionException {
        throw new RegionException("not yet");
    }

    /**
     * Reads part of a segment from the file, for integrity checks.
     *
     * @param offset in the segment
     * @param length bytes
     */
    public ByteBuffer read(RegionSegment segment, long offset, int length) throws RegionException {
        throw new RegionException("not yet");
    }

    /** Closes the file; it stays where it is. */
    @Override
    public void close() {
    }
}
