// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The QEMU that the launcher executes: makes sure that it has the region device, so that one
 * without it is refused in plain words and not by QEMU's own about a device it doesn't know. It is
 * asked again only when its file has changed.
 */
public final class PatchedQemu {
    private static final Logger log = LoggerFactory.getLogger(PatchedQemu.class);
    private static final Path DEFAULT = Path.of("/usr/lib/qemu-sim/qemu-system-x86_64");
    /** libvirt waits for the hook, and the hook for 2 s. */
    private static final long TIMEOUT_MS = 1000;

    private static final int MOST_OUTPUT = 4096;

    private final Path qemu;
    private Stamp asked;
    private Optional<String> problem = Optional.empty();

    private record Stamp(FileTime modified, long size, Object inode) {}

    public PatchedQemu(Path qemu) {
        this.qemu = qemu;
    }

    /** Returns the QEMU that the launcher takes: {@code SIM_QEMU}, or where the package puts it. */
    public static PatchedQemu ofLauncher() {
        return new PatchedQemu(pathOfLauncher());
    }

    public static Path pathOfLauncher() {
        String moved = System.getenv("SIM_QEMU");
        return moved == null || moved.isEmpty() ? DEFAULT : Path.of(moved);
    }

    /**
     * Throws if this QEMU can't hold a region. One that isn't there is the launcher's to complain
     * about.
     */
    public synchronized void demandRegionDevice() throws PreparationException {
        if (!Files.isExecutable(qemu)) {
            return;
        }
        try {
            BasicFileAttributes attributes = Files.readAttributes(qemu, BasicFileAttributes.class);
            Stamp now = new Stamp(
                    attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
            if (!now.equals(asked)) {
                problem = ask();
                asked = now;
            }
        } catch (IOException e) {
            log.warn("{} can't be asked for its devices: {}", qemu, e.toString());
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        if (problem.isPresent()) {
            throw new PreparationException(problem.get(), null);
        }
    }

    private Optional<String> ask() throws IOException, InterruptedException {
        File answer = File.createTempFile("sim-qemu", ".txt");
        try {
            Process process = new ProcessBuilder(
                            qemu.toString(),
                            "-machine",
                            "none,accel=tcg",
                            "-nodefaults",
                            "-device",
                            "sim-region,help")
                    .redirectErrorStream(true)
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(answer)
                    .start();
            if (!process.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IOException("no answer within " + TIMEOUT_MS + " ms");
            }
            String text = Files.readString(answer.toPath(), StandardCharsets.ISO_8859_1);
            if (process.exitValue() == 0 && text.contains("memdev")) {
                return Optional.empty();
            }
            String said = text.substring(0, Math.min(text.length(), MOST_OUTPUT))
                    .lines()
                    .findFirst()
                    .orElse("nothing");
            return Optional.of(qemu + " has no sim-region device (it says: "
                    + said.replaceAll("\\p{Cntrl}", "?") + "); install the patched QEMU there");
        } finally {
            Files.deleteIfExists(answer.toPath());
        }
    }
}
