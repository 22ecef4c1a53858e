// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.simvm.region.GateKind;
import org.simvm.region.GateLoader;
import org.simvm.region.ProgramLoader;
import org.simvm.region.RegionArea;
import org.simvm.region.RegionPlan;

/**
 * The patched QEMU with a region device and a busybox guest whose shell takes commands from the
 * console.
 */
final class PatchedQemu implements AutoCloseable {
    static final long REGION_SIZE = 8 << 20;
    private static final Path MONITORS = Path.of("../native-qemu-patch/monitor/build");
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    private static final String REBOOTED = "reboot: Restarting system";

    private final Path monitor;
    private final Process process;
    private final BlockingQueue<String> console = new LinkedBlockingQueue<>();

    PatchedQemu(Path directory, Path kernel, String cpu, int megabytes, int vcpus)
            throws IOException {
        monitor = directory.resolve("monitor.sock");
        Path initrd = Files.write(directory.resolve("initrd"), initrd());
        process = new ProcessBuilder(
                        binary().orElseThrow().toString(),
                        "-accel",
                        "tcg,thread=multi",
                        "-cpu",
                        cpu,
                        "-smp",
                        Integer.toString(vcpus),
                        "-m",
                        megabytes + "M",
                        "-machine",
                        "q35,memory-backend=ram",
                        "-object",
                        "memory-backend-memfd,id=ram,share=on,size=" + megabytes + "M",
                        "-object",
                        "memory-backend-file,id=simmem,share=on,size=" + REGION_SIZE + ",mem-path="
                                + directory.resolve("region"),
                        "-device",
                        "sim-region,id=sim0,memdev=simmem",
                        "-L",
                        "/usr/share/seabios",
                        "-nodefaults",
                        "-display",
                        "none",
                        "-serial",
                        "stdio",
                        "-qmp",
                        "unix:" + directory.resolve("qmp.sock") + ",server=on,wait=off",
                        "-monitor",
                        "unix:" + monitor + ",server=on,wait=off",
                        "-kernel",
                        kernel.toString(),
                        "-initrd",
                        initrd.toString(),
                        "-append",
                        "console=ttyS0 quiet panic=-1")
                .redirectErrorStream(true)
                .start();
        Thread reader = new Thread(
                () -> {
                    try (BufferedReader lines = process.inputReader(StandardCharsets.ISO_8859_1)) {
                        for (String line = lines.readLine();
                                line != null;
                                line = lines.readLine()) {
                            console.add(line);
                        }
                    } catch (IOException e) {
                        // QEMU has ended
                    }
                },
                "guest console");
        reader.setDaemon(true);
        reader.start();
    }

    /** The guest's kernel says that a CPU does not do its work. */
    static final class KernelHangs extends AssertionError {
        private static final long serialVersionUID = 1;

        KernelHangs(String said) {
            super(said);
        }
    }

    /** Returns the patched binary, if this machine has one. */
    static Optional<Path> binary() {
        String build = System.getenv("SIM_QEMU_BUILD");
        return Stream.of(
                        System.getenv("SIM_QEMU"),
                        build == null ? null : build + "/qemu-system-x86_64",
                        "/usr/lib/qemu-sim/qemu-system-x86_64")
                .filter(name -> name != null)
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Path kernel(String series) {
        return Path.of(
                System.getenv()
                        .getOrDefault(
                                "SIM_CACHE_DIR", System.getProperty("user.home") + "/.cache/sim"),
                "kernels",
                series,
                "vmlinuz");
    }

    /** Says what is missing here for a guest with this kernel, or nothing. */
    static Optional<String> missing(String series) {
        if (binary().isEmpty()) {
            return Optional.of("no patched QEMU (set SIM_QEMU, or build it: ./dev build)");
        } else if (!Files.isReadable(kernel(series))) {
            return Optional.of("no kernel at " + kernel(series) + " (./dev fetches it)");
        } else if (!Files.isExecutable(BUSYBOX)) {
            return Optional.of("no /bin/busybox (package busybox-static)");
        } else if (!Files.isReadable(MONITORS.resolve("syscalls.elf"))) {
            return Optional.of(
                    "no monitors in " + MONITORS + " (make -C native-qemu-patch/monitor)");
        }
        return Optional.empty();
    }

    /** Returns a plan with both monitors that are shipped. */
    static RegionPlan plan(int megabytes, int vcpus) throws Exception {
        long memory = (long) megabytes << 20;
        return new RegionPlan(
                RegionArea.UNCHOSEN,
                REGION_SIZE,
                memory,
                vcpus,
                0x5d0,
                GateKind.VMFUNC,
                GateLoader.load(MONITORS.resolve("gates.elf")),
                ProgramLoader.load(MONITORS.resolve("core.elf")),
                List.of(monitor("syscalls"), monitor("process")));
    }

    private static RegionPlan.PlannedMonitor monitor(String name) throws Exception {
        return new RegionPlan.PlannedMonitor(
                ProgramLoader.load(MONITORS.resolve(name + ".elf")), Map.of());
    }

    /** Waits for a line of the console that contains a text. */
    String await(String text, Duration limit) throws Exception {
        long end = System.nanoTime() + limit.toNanos();
        List<String> heard = new ArrayList<>();
        for (String line = ""; line != null; ) {
            line = console.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line != null && line.contains(text)) {
                return line;
            }
            if (line != null) {
                heard.add(line);
            }
        }
        // What a report shows of it is its beginning: where the vCPUs are, and what this boot has
        // said.
        int boot =
                heard.stream().map(line -> line.contains(REBOOTED)).toList().lastIndexOf(true) + 1;
        String said = String.join(
                        "\n",
                        Stream.concat(vcpus().stream(), heard.stream().skip(boot))
                                .toList())
                + "\nbut never: " + text;
        if (said.contains("rcu: INFO: rcu_preempt detected stalls")) {
            throw new KernelHangs(said);
        }
        throw new AssertionError(said);
    }

    /**
     * Returns where the vCPUs are, and which interrupts they serve, as QEMU's monitor for humans
     * tells it.
     */
    private List<String> vcpus() throws IOException {
        StringBuilder said = new StringBuilder();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(monitor))) {
            channel.write(StandardCharsets.UTF_8.encode(
                    "info registers -a\ninfo lapic 0\ninfo lapic 1\nsum 0 0\n"));
            ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
            while (!said.toString().contains("\n00000") && channel.read(bytes.clear()) >= 0) {
                said.append(StandardCharsets.ISO_8859_1.decode(bytes.flip()));
            }
        }
        return said.toString()
                .lines()
                .filter(line -> line.matches("(CPU#|RIP|RSP|ISR|IRR|LVTT|Timer).*"))
                .toList();
    }

    /** Returns what the console said and nobody has waited for. */
    List<String> console() {
        return List.copyOf(console);
    }

    /** Has the guest's shell run a command, and returns when it is done. */
    void run(String command) throws Exception {
        say(command + "; echo DO''NE");
        await("DONE", Duration.ofMinutes(2));
    }

    /** Gives the guest's shell a line. */
    void say(String line) throws IOException {
        process.outputWriter().write(line + "\n");
        process.outputWriter().flush();
    }

    private static byte[] initrd() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        entry(out, "bin", 040755, new byte[0]);
        entry(out, "bin/busybox", 0100755, Files.readAllBytes(BUSYBOX));
        entry(out, "init", 0100755, """
                #!/bin/busybox sh
                export PATH=/bin
                /bin/busybox mkdir -p /proc /sys /dev
                /bin/busybox --install -s /bin
                mount -t proc proc /proc
                mount -t sysfs sys /sys
                mount -t devtmpfs dev /dev
                mount -t tracefs tracefs /sys/kernel/tracing
                exec </dev/ttyS0 >/dev/ttyS0 2>&1
                stty -echo
                echo GUEST-IS-UP
                exec sh
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
    public void close() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }
}
