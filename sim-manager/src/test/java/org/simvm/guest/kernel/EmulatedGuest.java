// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.simvm.guest.memory.RamBlock;

/**
 * A guest with an unmodified kernel on a stock QEMU (TCG), stopped once its console says a given
 * text.
 */
final class EmulatedGuest implements AutoCloseable {
    private static final Path BUSYBOX = Path.of("/bin/busybox");
    private static final Pattern REGISTERS = Pattern.compile("CR3=([0-9a-f]+) CR4=([0-9a-f]+)");
    private static final Pattern RAM = Pattern.compile(
            "([0-9a-f]{16})-([0-9a-f]{16}) \\(prio \\d+, r[ao]m\\): ram0(?: @([0-9a-f]{16}))?");

    private final Path folder;
    private final Path ram;
    private final Process process;
    private final SocketChannel socket;
    private final BufferedReader answers;
    private final long cr3;
    private final long cr4;

    /**
     * Returns this machine's QEMU: the distribution's, else the patched one, which without SIM is
     * the same.
     */
    static Optional<Path> qemu() {
        String build = System.getenv("SIM_QEMU_BUILD");
        Stream<Path> folders = Stream.concat(
                Arrays.stream(System.getenv("PATH").split(":")).map(Path::of),
                Stream.ofNullable(build).map(Path::of));
        return folders.map(folder -> folder.resolve("qemu-system-x86_64"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Boots the kernel until it panics for want of a root file system, or, with {@code userSpace},
     * runs {@code init}.
     */
    EmulatedGuest(Path kernel, String cpu, int megabytes, boolean userSpace) throws Exception {
        folder = Files.createTempDirectory("sim-guest");
        Path shared = Path.of("/dev/shm");
        ram = Files.createTempFile(Files.isWritable(shared) ? shared : folder, "sim-guest", ".ram");
        String backend =
                "memory-backend-file,id=ram0,size=" + megabytes + "M,share=on,mem-path=" + ram;
        List<String> command = new ArrayList<>(List.of(
                qemu().orElseThrow().toString(),
                "-accel",
                "tcg",
                "-cpu",
                cpu,
                "-m",
                megabytes + "M",
                "-machine",
                "pc,memory-backend=ram0",
                "-object",
                backend,
                "-nodefaults",
                "-display",
                "none",
                "-serial",
                "stdio",
                "-no-reboot",
                "-qmp",
                "unix:" + folder.resolve("qmp") + ",server=on,wait=off",
                "-kernel",
                kernel.toString(),
                "-append",
                "console=ttyS0 panic=0"));
        if (userSpace) {
            Files.write(folder.resolve("initrd"), initrd());
            command.addAll(List.of("-initrd", folder.resolve("initrd").toString()));
        }
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            awaitConsole(
                    userSpace ? "SIM-GUEST-IS-UP" : "Kernel panic - not syncing",
                    Duration.ofMinutes(3));
            socket = SocketChannel.open(StandardProtocolFamily.UNIX);
            socket.connect(UnixDomainSocketAddress.of(folder.resolve("qmp")));
            answers = new BufferedReader(
                    new InputStreamReader(Channels.newInputStream(socket), StandardCharsets.UTF_8));
            execute("{\"execute\": \"qmp_capabilities\"}");
            execute("{\"execute\": \"stop\"}");
            Matcher registers = REGISTERS.matcher(monitor("info registers"));
            if (!registers.find()) {
                throw new IOException("QEMU's register dump has no CR3");
            }
            cr3 = Long.parseUnsignedLong(registers.group(1), 16);
            cr4 = Long.parseUnsignedLong(registers.group(2), 16);
        } catch (Exception e) {
            end();
            throw e;
        }
    }

    /** Tells whether guests can have a user space here. */
    static boolean hasUserSpace() {
        return Files.isExecutable(BUSYBOX);
    }

    private void awaitConsole(String text, Duration limit) throws Exception {
        List<String> console = new ArrayList<>();
        Thread reader = new Thread(
                () -> {
                    boolean found = false;
                    try (BufferedReader lines = process.inputReader(StandardCharsets.ISO_8859_1)) {
                        for (String line = lines.readLine();
                                line != null;
                                line = lines.readLine()) {
                            synchronized (console) {
                                console.add(line);
                                found |= line.contains(text);
                                if (found) {
                                    console.notifyAll();
                                }
                            }
                        }
                    } catch (IOException e) {
                        // The guest has ended.
                    }
                    synchronized (console) {
                        console.add(null);
                        console.notifyAll();
                    }
                },
                "guest console");
        reader.setDaemon(true);
        reader.start();
        long end = System.nanoTime() + limit.toNanos();
        synchronized (console) {
            while (console.stream().noneMatch(line -> line != null && line.contains(text))) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0 || console.contains(null)) {
                    throw new IOException("guest never said '" + text + "'; its last words: "
                            + console.subList(Math.max(0, console.size() - 5), console.size()));
                }
                console.wait(left);
            }
        }
    }

    long cr3() {
        return cr3;
    }

    long cr4() {
        return cr4;
    }

    /** Returns the guest's RAM as QEMU's memory tree has it. */
    List<RamBlock> ram() throws IOException {
        Map<Long, RamBlock> blocks = new TreeMap<>();
        Matcher lines = RAM.matcher(monitor("info mtree -f"));
        while (lines.find()) {
            long first = Long.parseUnsignedLong(lines.group(1), 16);
            long last = Long.parseUnsignedLong(lines.group(2), 16);
            long offset = lines.group(3) == null ? 0 : Long.parseUnsignedLong(lines.group(3), 16);
            blocks.put(first, new RamBlock(first, last - first + 1, ram, offset));
        }
        return List.copyOf(blocks.values());
    }

    private String monitor(String command) throws IOException {
        return execute("{\"execute\": \"human-monitor-command\", \"arguments\": "
                        + "{\"command-line\": \""
                        + command + "\"}}")
                .asText();
    }

    private JsonNode execute(String command) throws IOException {
        socket.write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            JsonNode answer = new ObjectMapper().readTree(line);
            if (answer.has("return")) {
                return answer.get("return");
            }
            if (answer.has("error")) {
                throw new IOException(command + ": " + answer.get("error"));
            }
        }
        throw new IOException(command + ": QEMU has gone");
    }

    /** Packs busybox and a script that says it is up, as cpio's "newc". */
    private static byte[] initrd() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        entry(out, "bin", 040755, new byte[0]);
        entry(out, "bin/busybox", 0100755, Files.readAllBytes(BUSYBOX));
        entry(out, "init", 0100755, """
                #!/bin/busybox sh
                /bin/busybox mkdir /dev
                /bin/busybox mount -t devtmpfs none /dev
                echo SIM-GUEST-IS-UP > /dev/console
                exec /bin/busybox sleep 1000000
                """.getBytes(StandardCharsets.UTF_8));
        entry(out, "TRAILER!!!", 0, new byte[0]);
        return out.toByteArray();
    }

    private static void entry(ByteArrayOutputStream out, String name, int mode, byte[] content) {
        out.writeBytes(String.format(
                        "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0",
                        0, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length() + 1, 0, name)
                .getBytes(StandardCharsets.US_ASCII));
        pad(out);
        out.writeBytes(content);
        pad(out);
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }

    @Override
    public void close() throws Exception {
        socket.close();
        end();
    }

    private void end() throws Exception {
        process.destroyForcibly().waitFor();
        Files.deleteIfExists(ram);
        for (String name : List.of("qmp", "initrd")) {
            Files.deleteIfExists(folder.resolve(name));
        }
        Files.deleteIfExists(folder);
    }
}
