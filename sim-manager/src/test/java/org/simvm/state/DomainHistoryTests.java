// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Of a domain that is not under SIM any more")
class DomainHistoryTests {
    private static final UUID OLD = new UUID(1, 1);
    private static final UUID YOUNG = new UUID(1, 2);
    private static final DomainHistory.Guard NONE_NEEDED = (domain, action) -> action.run();

    @TempDir
    Path folder;

    private Instant now = Instant.parse("2030-01-01T00:00:00Z");
    private DomainHistory.Limits limits =
            new DomainHistory.Limits(Duration.ofDays(2), 1000, Path.of("events.jsonl"));
    private DomainDirectories directories;
    private DomainHistory history;

    @BeforeEach
    void make() {
        directories = new DomainDirectories(folder.resolve("run"), folder.resolve("state"));
        history = new DomainHistory(directories, () -> limits, () -> now);
    }

    private void file(UUID domain, String name, int bytes) throws IOException {
        Path file = directories.state(domain).resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[bytes]);
    }

    private Set<String> left(UUID domain) throws IOException {
        try (Stream<Path> files = Files.list(directories.state(domain))) {
            return new TreeSet<>(
                    files.map(each -> each.getFileName().toString()).toList());
        }
    }

    @Test
    @DisplayName("logs and memory dumps stay, the baseline and everything else goes at once")
    void retires() throws IOException {
        for (String name : new String[] {
            "events.jsonl",
            "events.jsonl.3",
            "incidents.jsonl",
            "incidents.jsonl.1",
            "baseline.json",
            "memory-1.elf",
            "findings.json",
            "events.jsonl.tmp",
            "kernel.json",
            "folder/file"
        }) {
            file(OLD, name, 1);
        }
        history.retire(OLD);
        assertEquals(
                Set.of(
                        "events.jsonl",
                        "events.jsonl.3",
                        "incidents.jsonl",
                        "incidents.jsonl.1",
                        "memory-1.elf",
                        "retired"),
                left(OLD));
    }

    @Test
    @DisplayName("the history goes when its time is over, which begins once")
    void time() throws IOException {
        file(OLD, "incidents.jsonl", 1);
        history.retire(OLD);
        now = now.plus(Duration.ofDays(1));
        history.retire(OLD);
        history.prune(NONE_NEEDED);
        assertTrue(Files.exists(directories.state(OLD)));
        now = now.plus(Duration.ofDays(1));
        history.prune(NONE_NEEDED);
        assertFalse(Files.exists(directories.state(OLD)));
    }

    @Test
    @DisplayName("the oldest goes first when all are longer than the limit")
    void size() throws IOException {
        file(OLD, "incidents.jsonl", 600);
        file(YOUNG, "incidents.jsonl", 600);
        history.retire(OLD);
        now = now.plusSeconds(1);
        history.retire(YOUNG);
        history.prune(NONE_NEEDED);
        assertFalse(Files.exists(directories.state(OLD)));
        assertTrue(Files.exists(directories.state(YOUNG)));
    }

    @Test
    @DisplayName("nothing goes if it is under SIM again, or still needed")
    void resumed() throws IOException {
        file(OLD, "incidents.jsonl", 1);
        file(YOUNG, "incidents.jsonl", 1);
        history.retire(OLD);
        history.retire(YOUNG);
        history.resume(OLD);
        file(OLD, "baseline.json", 1);
        now = now.plus(Duration.ofDays(99));
        history.prune((domain, action) -> {});
        assertTrue(Files.exists(directories.state(YOUNG)));
        history.prune(NONE_NEEDED);
        assertEquals(Set.of("baseline.json", "incidents.jsonl"), left(OLD));
        assertFalse(Files.exists(directories.state(YOUNG)));
    }

    @Test
    @DisplayName("directories that an earlier manager left are cleaned; others' are not touched")
    void leftBehind() throws IOException {
        file(OLD, "baseline.json", 1);
        file(YOUNG, "baseline.json", 1);
        Path other = Files.createDirectories(directories.states().resolve("1-2-3-4-5"));
        history.retireAll((domain, action) -> {
            if (domain.equals(OLD)) {
                action.run();
            }
        });
        assertEquals(Set.of("retired"), left(OLD));
        assertEquals(Set.of("baseline.json"), left(YOUNG));
        assertTrue(Files.exists(other));
    }
}
