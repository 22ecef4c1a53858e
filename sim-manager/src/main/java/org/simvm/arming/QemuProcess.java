// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.stream.Stream;
import org.simvm.region.RegionFile;

/**
 * The process that serves a domain's region. Guest RAM is mapped from its file descriptors with the
 * manager's rights, so the number in the answer of a QEMU that its guest may have taken over is not
 * enough: the process has the region's file open, as QEMU keeps that of each memory backend.
 */
final class QemuProcess {
    /** No QEMU has more descriptors open; looking through more would hold up the arming. */
    private static final int MAX_DESCRIPTORS = 65_536;

    private final RegionFile region;
    private long proven = -1;

    QemuProcess(RegionFile region) {
        this.region = region;
    }

    /**
     * Makes sure that a process has the region open.
     *
     * @param pid what QEMU says of itself
     * @throws ArmingException if it has not, or has ended
     */
    void prove(long pid) throws ArmingException {
        if (pid == proven) {
            return;
        }
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            Object wanted = Files.readAttributes(
                            region.path(), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
            if (descriptors.limit(MAX_DESCRIPTORS).anyMatch(each -> wanted.equals(file(each)))) {
                proven = pid;
                return;
            }
        } catch (IOException e) {
            throw notQemu(pid, e);
        }
        throw notQemu(pid, null);
    }

    /** Returns the device and inode of an open file; null for one that was closed meanwhile. */
    private static Object file(Path descriptor) {
        try {
            return Objects.requireNonNull(
                    Files.readAttributes(descriptor, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            return null;
        }
    }

    private ArmingException notQemu(long pid, IOException reason) {
        return new ArmingException(
                ArmingFailure.Kind.QEMU,
                "who answers for QEMU says that it is process " + pid + ", which "
                        + (reason == null ? "does not have" : "can't be seen to have")
                        + " the region " + region.path()
                        + " open; destroy the domain: its guest may have taken over QEMU",
                reason);
    }
}
