// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The event log: JSON lines in files that rotate. */
class EventLogTests {
    private static final int SMALLEST = 64 << 10;
    private final EventNames names = new EventNames(null, List.of("syscalls"));

    @TempDir
    Path folder;

    private EventLog log(String file, long maxBytes) {
        return new EventLogs(() -> new EventLogs.Settings(Path.of(file), maxBytes, 3))
                .open(folder, names)
                .orElseThrow();
    }

    private static Event event(int sequence) {
        ByteBuffer record =
                RecordBuilder.syscall(0, 2).put(148, 1).texts("/etc/passwd").record();
        record.putLong(8, sequence);
        return EventDecoder.decode(record, 0);
    }

    private List<Long> sequences(Path... files) throws IOException {
        List<Long> sequences = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        for (Path file : files) {
            for (String line : Files.readAllLines(file)) {
                sequences.add(mapper.readTree(line).get("sequence").longValue());
            }
        }
        return sequences;
    }

    @Test
    void isReadableForItsGroupAndComplete() throws IOException {
        Path file = folder.resolve("events.jsonl");
        try (EventLog log = log("events.jsonl", SMALLEST)) {
            log.accept(event(1));
            log.accept(event(2));
            log.settle();
            assertEquals(List.of(1L, 2L), sequences(file));
        }
        assertEquals(
                "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (EventLog log = log("events.jsonl", SMALLEST)) {
            log.accept(event(3));
        }
        assertEquals(List.of(1L, 2L, 3L), sequences(file));
    }

    @Test
    void rotatesBySizeAndKeepsAsManyAsItShould() throws IOException {
        Path file = folder.resolve("events.jsonl");
        int count = 3000;
        try (EventLog log = log("events.jsonl", SMALLEST)) {
            for (int i = 0; i < count; i++) {
                log.accept(event(i));
                if (i % 10 == 0) {
                    log.settle();
                }
            }
        }
        Path first = folder.resolve("events.jsonl.1");
        Path second = folder.resolve("events.jsonl.2");
        assertFalse(Files.exists(folder.resolve("events.jsonl.3")));
        List<Long> kept = sequences(second, first, file);
        assertTrue(kept.size() > 300, "kept " + kept.size());
        for (int i = 0; i < kept.size(); i++) {
            assertEquals(count - kept.size() + i, kept.get(i));
        }
        for (Path each : List.of(file, first, second)) {
            assertTrue(Files.size(each) <= SMALLEST, each + " has " + Files.size(each));
        }
    }

    @Test
    void countsWhatAFullDiskCostAndGoesOnAfterwards() throws Exception {
        Process mount = new ProcessBuilder(
                        "mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder.toString())
                .redirectErrorStream(true)
                .start();
        Assumptions.assumeTrue(
                mount.waitFor(10, TimeUnit.SECONDS) && mount.exitValue() == 0,
                "skipped: can't mount a small tmpfs here");
        try {
            Path filler = folder.resolve("filler");
            Files.write(filler, new byte[100 << 10]);
            Path file = folder.resolve("events.jsonl");
            try (EventLog log = log("events.jsonl", 1 << 20)) {
                for (int i = 0; i < 200; i++) {
                    log.accept(event(i));
                    log.settle();
                }
                long written = sequences(file).size();
                assertTrue(written > 10 && log.lost() > 10);
                assertEquals(200, written + log.lost());
                Files.delete(filler);
                log.accept(event(1000));
                log.settle();
                assertEquals(written + 1, sequences(file).size());
            }
        } finally {
            new ProcessBuilder("umount", folder.toString()).start().waitFor();
        }
    }

    @Test
    void isNotThereIfItCanNotBeOpened() {
        EventLogs logs = new EventLogs(
                () -> new EventLogs.Settings(Path.of("none/events.jsonl"), SMALLEST, 1));
        assertEquals(Optional.empty(), logs.open(folder, names));
    }

    @Test
    void isOneOfAllDomainsIfSoConfigured() throws IOException {
        Path file = folder.resolve("all.jsonl");
        try (EventLogs logs = new EventLogs(() -> new EventLogs.Settings(file, SMALLEST, 1))) {
            EventLog one = logs.open(folder.resolve("1"), names).orElseThrow();
            EventLog other = logs.open(folder.resolve("2"), names).orElseThrow();
            one.accept(event(1));
            one.close();
            other.accept(event(2));
            other.settle();
            assertEquals(List.of(1L, 2L), sequences(file));
            assertEquals(0, one.lost() + other.lost());
        }
    }
}
