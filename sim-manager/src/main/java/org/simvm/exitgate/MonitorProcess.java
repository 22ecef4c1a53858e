// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.exitgate;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simvm.guest.memory.RamBlock;
import org.simvm.region.ProcessEntry;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;

/**
 * A run of {@code sim-monitor-process}, started by this manager or an earlier one. It goes on
 * without a manager, and ends with QEMU, or when it is {@linkplain #kill killed}.
 */
public final class MonitorProcess implements AutoCloseable {
    /** It maps files and starts threads; a busy host needs a while for that. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private static final Duration END_TIMEOUT = Duration.ofSeconds(5);
    private static final int MOST_OUTPUT = 4096;
    /** What Linux adds to the name of a program that was replaced while it runs. */
    private static final String REPLACED = " (deleted)";

    private final long pid;
    private final ProcessFd fd;
    private final CountDownLatch end = new CountDownLatch(1);
    private boolean ended;
    private boolean leftAlone;
    private Runnable whenEnded = () -> {};

    private MonitorProcess(long pid, ProcessFd fd) {
        this.pid = pid;
        this.fd = fd;
        Thread thread = new Thread(this::watch, "watching process " + pid);
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        fd.awaitEnd();
        Runnable action;
        synchronized (this) {
            ended = true;
            fd.close();
            action = leftAlone ? () -> {} : whenEnded;
        }
        end.countDown();
        action.run();
    }

    /**
     * Starts a process and waits until it serves.
     *
     * @param program the executable
     * @param region its image must be complete
     * @param qemu QEMU's process id: it ends with that one
     * @param ram guest RAM, as the manager itself maps it
     * @throws MonitorProcessException it does not serve, and is gone
     */
    public static MonitorProcess start(
            Path program, RegionFile region, long qemu, List<RamBlock> ram)
            throws MonitorProcessException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command(program, region.processEntry(), qemu, ram))
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .directory(Path.of("/").toFile())
                    .start();
        } catch (IOException | RegionException e) {
            throw new MonitorProcessException(
                    "the monitors' process can't be started: " + e.getMessage(), e);
        }
        boolean serves = false;
        try {
            ProcessFd fd = ProcessFd.open(process.pid());
            String said = untilSilent(process);
            if (process.isAlive() && region.servingProcess() == process.pid()) {
                serves = true;
                return new MonitorProcess(process.pid(), fd);
            }
            fd.close();
            throw new MonitorProcessException(
                    said.isEmpty()
                            ? "the monitors' process " + program + " does not serve"
                            : "the monitors' process: " + said);
        } catch (IOException | RegionException e) {
            throw new MonitorProcessException(
                    "the monitors' process can't be watched: " + e.getMessage(), e);
        } finally {
            if (!serves) {
                process.destroyForcibly();
            }
        }
    }

    private static List<String> command(
            Path program, ProcessEntry entry, long qemu, List<RamBlock> ram) {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--region",
                entry.region().toString(),
                "--dispatch",
                hex(entry.dispatch()),
                "--direct-map",
                hex(entry.directMap()),
                "--qemu",
                Long.toString(qemu)));
        for (RamBlock block : ram) {
            command.addAll(List.of(
                    "--ram",
                    hex(block.gpa()) + ":" + hex(block.size()) + ":" + hex(block.offset()) + ":"
                            + block.file()));
        }
        return command;
    }

    private static String hex(long number) {
        return "0x" + Long.toHexString(number);
    }

    /** Reads what the process says; it closes its output when it serves, or ends. */
    private static String untilSilent(Process process) throws IOException, InterruptedException {
        CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> {
            try (InputStream out = process.getInputStream()) {
                return new String(out.readNBytes(MOST_OUTPUT), StandardCharsets.UTF_8);
            } catch (IOException e) {
                return "";
            }
        });
        try {
            String text = said.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return text.lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", "?");
        } catch (TimeoutException e) {
            throw new IOException("it does not serve within " + TIMEOUT.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /**
     * Finds the process that an earlier manager started for a region, if it still serves.
     *
     * <p>Which one that is stands in the region, which QEMU's user can write: it counts only if it
     * runs our program, as our user, for this very region.
     *
     * @param program the executable; one that was replaced since counts too
     */
    public static Optional<MonitorProcess> find(Path program, RegionFile region)
            throws RegionException {
        int pid = region.servingProcess();
        if (pid <= 1) {
            return Optional.empty();
        }
        ProcessFd fd;
        try {
            fd = ProcessFd.open(pid);
        } catch (IOException e) {
            return Optional.empty();
        }
        Path proc = Path.of("/proc", Integer.toString(pid));
        // Looked at while we hold it: the number can't have become another's in between.
        if (runs(proc, program)
                && servesRegion(proc, region.processEntry().region())
                && !fd.ended()) {
            return Optional.of(new MonitorProcess(pid, fd));
        }
        fd.close();
        return Optional.empty();
    }

    private static boolean runs(Path proc, Path program) {
        try {
            String executable = Files.readSymbolicLink(proc.resolve("exe")).toString();
            if (executable.endsWith(REPLACED)) {
                executable = executable.substring(0, executable.length() - REPLACED.length());
            }
            return executable.equals(program.toRealPath().toString())
                    && Files.getAttribute(proc, "unix:uid")
                            .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean servesRegion(Path proc, Path region) {
        try {
            List<String> words =
                    List.of(Files.readString(proc.resolve("cmdline")).split("\0"));
            int at = words.indexOf("--region");
            return at >= 0 && at + 1 < words.size() && words.get(at + 1).equals(region.toString());
        } catch (IOException e) {
            return false;
        }
    }

    /** Tells whether some process is gone, or a zombie. */
    public static boolean isGone(long pid) {
        try (ProcessFd fd = ProcessFd.open(pid)) {
            return fd.ended();
        } catch (IOException e) {
            return true;
        }
    }

    /** Returns its process id. */
    public long pid() {
        return pid;
    }

    /**
     * Has something done when it ends, on a thread of its own; not if it is {@linkplain #kill
     * killed} here, or {@linkplain #close left alone}, before.
     */
    public void whenEnded(Runnable action) {
        synchronized (this) {
            whenEnded = action;
            if (!ended) {
                return;
            }
        }
        action.run();
    }

    /** Ends it, and waits until it has. */
    public void kill() throws MonitorProcessException, InterruptedException {
        synchronized (this) {
            leftAlone = true;
            if (ended) {
                return;
            }
            try {
                fd.kill();
            } catch (IOException e) {
                throw new MonitorProcessException(
                        "process " + pid + " can't be ended: " + e.getMessage(), e);
            }
        }
        if (!end.await(END_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new MonitorProcessException("process " + pid + " does not end");
        }
    }

    /** Leaves it alone: it goes on, and nobody here is told of its end any more. */
    @Override
    public synchronized void close() {
        leftAlone = true;
    }
}
