// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.simvm.region.FileOwner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A domain's run directory. It is the manager's own while files are made in it, so that nobody can
 * put a link in their place, and then belongs to QEMU's user: the launcher removes a file there,
 * QEMU makes its socket there. From then on a QEMU that its guest took over may replace whatever
 * lies in it: the manager follows no link there.
 */
public final class RunDirectory {
    private static final Logger log = LoggerFactory.getLogger(RunDirectory.class);

    private RunDirectory() {}

    /** Makes the directory, open to the manager alone. */
    static void create(Path directory) throws IOException {
        Files.createDirectory(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Gives the directory to QEMU's user; nothing may be written in it from here on. */
    static void handOver(Path directory, FileOwner owner) throws IOException {
        Files.setAttribute(directory, "unix:uid", owner.uid());
        Files.setAttribute(directory, "unix:gid", owner.gid());
    }

    /**
     * Removes the directory with all that lies in it. There are no folders in it, and links in it
     * are not followed.
     */
    public static void remove(Path directory) {
        List<Path> files;
        try (Stream<Path> listed = Files.list(directory)) {
            files = listed.toList();
        } catch (NoSuchFileException e) {
            return;
        } catch (IOException e) {
            log.warn("can't remove {}: {}", directory, e.toString());
            return;
        }
        try {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            log.warn("can't remove {}: {}", directory, e.toString());
        }
    }
}
