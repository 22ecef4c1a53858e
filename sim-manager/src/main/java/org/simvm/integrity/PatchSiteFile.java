// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.state.StateFile;

/**
 * Keeps the places that a kernel patches itself: tables in its init memory name them, which are
 * gone later. Eight bytes say what the file is, and its format; then each place takes 18 bytes,
 * big-endian: address, target, length, kind; at the end is the SHA-256 of all before it.
 */
final class PatchSiteFile {
    static final String FILE = "patch-sites";
    private static final long HEAD = 0x53494d2d50530001L; // "SIM-PS", format 1
    private static final int SIZE = 2 * Long.BYTES + 2;
    private static final int DIGEST = 32;

    private PatchSiteFile() {}

    static void write(Path directory, List<PatchSite> sites) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(Long.BYTES + sites.size() * SIZE + DIGEST).putLong(HEAD);
        for (PatchSite site : sites) {
            bytes.putLong(site.address())
                    .putLong(site.target())
                    .put((byte) site.length())
                    .put((byte) site.kind().ordinal());
        }
        bytes.put(Digests.sha256().digest(Arrays.copyOf(bytes.array(), bytes.position())));
        StateFile.replace(directory.resolve(FILE), bytes.flip(), StateFile.Safety.HOST);
    }

    static List<PatchSite> read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        byte[] all = Files.readAllBytes(file);
        int end = all.length - DIGEST;
        if (end < Long.BYTES
                || !Arrays.equals(
                        Digests.sha256().digest(Arrays.copyOf(all, end)),
                        Arrays.copyOfRange(all, end, all.length))) {
            throw new IOException(file + ": damaged");
        }
        ByteBuffer bytes = ByteBuffer.wrap(all, 0, end);
        if (bytes.getLong() != HEAD) {
            throw new IOException(file + ": another format than this manager knows");
        }
        List<PatchSite> sites = new ArrayList<>(end / SIZE);
        try {
            while (bytes.hasRemaining()) {
                long address = bytes.getLong();
                long target = bytes.getLong();
                int length = bytes.get();
                sites.add(new PatchSite(
                        address, length, PatchSite.Kind.values()[bytes.get()], target));
            }
        } catch (RuntimeException e) {
            throw new IOException(file + ": not a list of places that a kernel patches", e);
        }
        return sites;
    }
}
