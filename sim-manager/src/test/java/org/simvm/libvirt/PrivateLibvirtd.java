// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A libvirtd for tests, with everything of its own: the system's libvirt is neither seen nor
 * touched.
 *
 * <p>Guests outlive {@link #stop}, as they outlive a restart of libvirtd, so destroy them before
 * the end.
 */
final class PrivateLibvirtd implements AutoCloseable {

    static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

    private final Path root;
    private Process process;

    /**
     * Prepares a daemon.
     *
     * @param root an empty directory; its path must be short, because a socket's path has at most
     *     107 bytes
     */
    PrivateLibvirtd(Path root) throws IOException {
        this.root = root;
        Files.createDirectories(root.resolve("etc/hooks"));
    }

    /** Returns what is missing on this machine; empty if a daemon can run here. */
    static Optional<String> missing() throws IOException, InterruptedException {
        for (Path file : List.of(Path.of("/usr/sbin/libvirtd"), QEMU)) {
            if (!Files.isExecutable(file)) {
                return Optional.of(file + " is not installed");
            }
        }
        Process probe = new ProcessBuilder(
                        "unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
                .start();
        return probe.waitFor() == 0
                ? Optional.empty()
                : Optional.of(
                        "no mount namespaces here (needs root, or a container that may mount)");
    }

    String uri() {
        return "qemu:///system?socket=" + root.resolve("run/libvirt-sock");
    }

    Path file(String name) {
        return root.resolve(name);
    }

    void start() throws IOException {
        Path script = root.resolve("private-libvirtd.sh");
        try (InputStream stream =
                PrivateLibvirtd.class.getResourceAsStream("private-libvirtd.sh")) {
            Files.write(script, stream.readAllBytes());
        }
        process = new ProcessBuilder("unshare", "--mount", "sh", script.toString(), root.toString())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("output").toFile())
                .start();
    }

    void stop() throws InterruptedException {
        if (process != null) {
            process.destroy();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            process = null;
        }
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
