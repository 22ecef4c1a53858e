// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.simvm.region.Access;
import org.simvm.region.GateKind;
import org.simvm.region.GateTemplate;
import org.simvm.region.MonitorProgram;
import org.simvm.region.ProgramSegment;
import org.simvm.region.RegionArea;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;
import org.simvm.region.RegionSegment;
import org.simvm.region.RegionSize;
import org.simvm.region.RingCorruptException;
import org.simvm.region.RingProducer;
import org.simvm.region.RingReader;
import org.simvm.region.RingStatistics;

/**
 * Measures how fast events go through a real region file: ring, decoder, JSON lines into a file.
 * Prints; asserts nothing.
 *
 * <p>Arguments: events per part (default 2000000), rate of the live part (default 300000 a second).
 */
public final class EventRateBenchmark {
    private static final int BATCH = 4096;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Path folder;
    private final RingReader reader;
    private final RingProducer producer;
    private final ByteBuffer syscall = RecordBuilder.syscall(0, 257, -100, 0x7ffd1000, 0x80000)
            .put(148, 2)
            .texts("/usr/lib/x86_64-linux-gnu/libc.so.6")
            .record();
    private final ByteBuffer fork = RecordBuilder.fork(4711, "worker").record();

    private EventRateBenchmark(Path folder, RegionFile region) throws Exception {
        this.folder = folder;
        this.reader = region.ring();
        RegionSegment ring = region.layout().segment(RegionSegment.Role.RING);
        try (FileChannel channel = FileChannel.open(
                folder.resolve("region"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            this.producer = new RingProducer(
                    channel.map(FileChannel.MapMode.READ_WRITE, ring.offset(), ring.size()),
                    reader::wake);
        }
    }

    public static void main(String[] arguments) throws Exception {
        int events = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2_000_000;
        int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 300_000;
        Path folder = Files.createTempDirectory("event-rate");
        try (RegionFile region = RegionFile.create(folder.resolve("region"), null, plan())) {
            EventRateBenchmark benchmark = new EventRateBenchmark(folder, region);
            System.out.printf(
                    "ring of %d KiB; records of %d and %d bytes%n",
                    RegionSize.ringCapacity(region.plan()) >> 10,
                    benchmark.syscall.limit(),
                    benchmark.fork.limit());
            for (int round = 0; round < 3; round++) {
                benchmark.drainFullRings(events);
            }
            benchmark.live(events, rate);
        } finally {
            for (String name : List.of("region", "events.jsonl", "events.jsonl.1")) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.deleteIfExists(folder);
        }
    }

    private static RegionPlan plan() {
        ByteBuffer page = ByteBuffer.allocate(4096);
        Map<String, GateTemplate.Place> places = new HashMap<>();
        MonitorProgram core = new MonitorProgram(
                "core",
                Path.of("core.elf"),
                List.of(new ProgramSegment(0, 4096, Access.READ_EXECUTE, page)),
                Map.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                0);
        return new RegionPlan(
                new RegionArea(1L << 39, 1L << 39),
                8 << 20,
                1L << 30,
                2,
                0x510,
                GateKind.VMFUNC,
                new GateTemplate(Path.of("gates.elf"), page, page, page, page, places),
                core,
                List.of());
    }

    private EventLog log() {
        return new EventLogs(() -> new EventLogs.Settings(Path.of("events.jsonl"), 64 << 20, 2))
                .open(folder, new EventNames(null, List.of("syscalls")))
                .orElseThrow();
    }

    private int drain(EventSink sink) throws RingCorruptException {
        long now = System.currentTimeMillis() * 1_000_000;
        return reader.drain(record -> sink.accept(EventDecoder.decode(record, now)), BATCH);
    }

    /** Fills the ring, then empties it, again and again; only the emptying is timed. */
    private void drainFullRings(int events) throws Exception {
        long wall = 0;
        long cpu = 0;
        int done = 0;
        try (EventLog log = log()) {
            while (done < events) {
                int wanted = 0;
                while (wanted < 20_000) {
                    producer.emit(wanted++ % 8 == 0 ? fork : syscall);
                }
                long wallStart = System.nanoTime();
                long cpuStart = THREADS.getCurrentThreadCpuTime();
                int count;
                while ((count = drain(log)) > 0) {
                    done += count;
                }
                log.settle();
                wall += System.nanoTime() - wallStart;
                cpu += THREADS.getCurrentThreadCpuTime() - cpuStart;
            }
        }
        RingStatistics statistics = reader.statistics();
        System.out.printf(
                Locale.ROOT,
                "drain, decode, write JSON lines: %,d events; %,.0f a second of one core's "
                        + "time, %,.0f a"
                        + " second of the clock;"
                        + " lost %d%n",
                done,
                done * 1e9 / cpu,
                done * 1e9 / wall,
                statistics.nextSequence() - statistics.received());
    }

    /**
     * One thread emits at a steady rate, as a guest would, while this one sleeps and drains as the
     * daemon does.
     */
    private void live(int events, int rate) throws Exception {
        RingStatistics before = reader.statistics();
        AtomicBoolean finished = new AtomicBoolean();
        Thread guest = new Thread(() -> {
            long start = System.nanoTime();
            for (int i = 0; i < events; i++) {
                if (i % 64 == 0) {
                    long due = start + i * 1_000_000_000L / rate;
                    while (System.nanoTime() < due) {
                        LockSupport.parkNanos(50_000);
                    }
                }
                producer.emit(i % 8 == 0 ? fork : syscall);
            }
            finished.set(true);
            reader.wake();
        });
        long start = System.nanoTime();
        long cpuStart = THREADS.getCurrentThreadCpuTime();
        guest.start();
        long most = 0;
        try (EventLog log = log()) {
            while (!finished.get() || reader.statistics().waitingBytes() > 0) {
                most = Math.max(most, reader.statistics().waitingBytes());
                if (drain(log) == 0) {
                    log.settle();
                    reader.await(100);
                }
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        RingStatistics after = reader.statistics();
        System.out.printf(
                Locale.ROOT,
                "live at %,d a second: %,.0f events a second arrived, %,d lost, reader used "
                        + "%.0f %% of a"
                        + " core, at most %,d KiB waited%n",
                rate,
                (after.received() - before.received()) / seconds,
                after.droppedInAll() - before.droppedInAll(),
                (THREADS.getCurrentThreadCpuTime() - cpuStart) / seconds / 1e7,
                most >> 10);
    }
}
