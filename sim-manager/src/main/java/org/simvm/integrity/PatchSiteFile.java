// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simvm.guest.kernel.PatchSite;

/**
 * Keeps the places that a kernel patches itself: tables in its init memory name them, which are gone later.
 * Each takes 18 bytes, big-endian: address, target, length, kind.
 */
final class PatchSiteFile {
    static final String FILE = "patch-sites";
    private static final int SIZE = 2 * Long.BYTES + 2;

    private PatchSiteFile() {
    }

    static void write(Path directory, List<PatchSite> sites) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(sites.size() * SIZE);
        for (PatchSite site : sites) {
            bytes.putLong(site.address()).putLong(site.target()).put((byte) site.length()).put((byte) site.kind().ordinal());
        }
        Baseline.writeAtomically(directory.resolve(FILE), bytes.flip());
    }

    static List<PatchSite> read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        List<PatchSite> sites = new ArrayList<>(bytes.capacity() / SIZE);
        try {
            while (bytes.hasRemaining()) {
                long address = bytes.getLong();
                long target = bytes.getLong();
                int length = bytes.get();
                sites.add(new PatchSite(address, length, PatchSite.Kind.values()[bytes.get()], target));
            }
        } catch (RuntimeException e) {
            throw new IOException(file + ": not a list of places that a kernel patches", e);
        }
        return sites;
    }
}
