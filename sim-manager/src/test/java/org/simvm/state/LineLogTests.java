// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

@DisplayName("A log of lines")
class LineLogTests {
    private static final int MAX = 100;

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong();
    private final ListAppender<ILoggingEvent> messages = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(LineLog.class);

    @BeforeEach
    void listen() {
        messages.start();
        logger.addAppender(messages);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(messages);
    }

    private Path file() {
        return folder.resolve("log.jsonl");
    }

    private LineLog log(int keep, StateFile.Safety safety) {
        return new LineLog(
                file(), new LineLog.Format("entries", MAX, keep, "rw-r-----", safety), clock::get);
    }

    private static boolean append(LineLog log, String lines) {
        return log.append(
                ByteBuffer.wrap(lines.getBytes(StandardCharsets.UTF_8)),
                lines.lines().count());
    }

    private String contents(String name) throws IOException {
        return Files.readString(folder.resolve(name));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private List<String> messages() {
        return messages.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"HOST", "PROCESS"})
    @DisplayName("goes on with the file that is there, and gives it the permissions wanted")
    void goesOn(String safety) throws IOException {
        try (LineLog log = log(1, StateFile.Safety.valueOf(safety))) {
            assertTrue(append(log, "one\n"));
            log.close();
            assertTrue(append(log, "two\nthree\n"));
        }
        assertEquals(
                "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
        try (LineLog log = log(1, StateFile.Safety.valueOf(safety))) {
            assertTrue(append(log, "four\n"));
        }
        assertEquals("one\ntwo\nthree\nfour\n", contents("log.jsonl"));
    }

    @Test
    @DisplayName("is put aside before it gets too long, and keeps as many old files as it should")
    void rotates() throws IOException {
        try (LineLog log = log(2, StateFile.Safety.PROCESS)) {
            for (String digit : List.of("1", "2", "3", "4")) {
                assertTrue(append(log, digit.repeat(49) + "\n"));
                assertTrue(append(log, digit.repeat(49) + "\n"));
            }
        }
        assertEquals(List.of("log.jsonl", "log.jsonl.1", "log.jsonl.2"), files());
        assertEquals(("4".repeat(49) + "\n").repeat(2), contents("log.jsonl"));
        assertEquals(("3".repeat(49) + "\n").repeat(2), contents("log.jsonl.1"));
        assertEquals(("2".repeat(49) + "\n").repeat(2), contents("log.jsonl.2"));
    }

    @Test
    @DisplayName("that keeps no old file begins again")
    void keepsNone() throws IOException {
        try (LineLog log = log(0, StateFile.Safety.PROCESS)) {
            assertTrue(append(log, "x".repeat(MAX - 1) + "\n"));
            assertTrue(append(log, "next\n"));
        }
        assertEquals(List.of("log.jsonl"), files());
        assertEquals("next\n", contents("log.jsonl"));
    }

    @Test
    @DisplayName("has lines that were appended together in one file, however long they are")
    void longAppend() throws IOException {
        String batch = "12345\n".repeat(MAX);
        try (LineLog log = log(1, StateFile.Safety.PROCESS)) {
            assertTrue(append(log, batch));
            assertTrue(append(log, "next\n"));
        }
        assertEquals(batch, contents("log.jsonl.1"));
        assertEquals("next\n", contents("log.jsonl"));
    }

    @Test
    @DisplayName("loses the half line that a crash left, says so, and loses no other")
    void halfLine() throws IOException {
        for (String half :
                List.of("", "half", "x".repeat(65535), "x".repeat(65536), "x".repeat(200_000))) {
            for (String whole : List.of("", "one\ntwo\n", "y".repeat(70_000) + "\n")) {
                Files.writeString(file(), whole + half);
                messages.list.clear();
                try (LineLog log = log(1, StateFile.Safety.PROCESS)) {
                    log.open();
                }
                assertEquals(whole, contents("log.jsonl"));
                assertEquals(
                        half.isEmpty() ? 0 : 1, messages().size(), messages().toString());
                if (!half.isEmpty()) {
                    assertTrue(messages()
                            .get(0)
                            .contains("cut off by a crash; its " + half.length() + " bytes"));
                }
            }
        }
    }

    @Test
    @DisplayName("that can't be opened says so at once to who opens it, and once to who appends")
    void cantBeOpened() throws IOException {
        Files.createDirectory(file());
        try (LineLog log = log(1, StateFile.Safety.PROCESS)) {
            assertThrows(IOException.class, log::open);
            assertFalse(append(log, "one\ntwo\n"));
            assertFalse(append(log, "three\n"));
        }
        assertEquals(1, messages().size(), messages().toString());
        assertTrue(
                messages().get(0).startsWith(file() + ": entries can't be written and are lost"),
                messages().get(0));
    }

    @Test
    @DisplayName(
            "says that an outage is over when writing has worked for some seconds, with the loss")
    void outage() throws IOException {
        Files.createDirectory(file());
        try (LineLog log = log(1, StateFile.Safety.PROCESS)) {
            assertFalse(append(log, "one\ntwo\n"));
            Files.delete(file());
            assertTrue(append(log, "three\n"));
            clock.addAndGet(TimeUnit.SECONDS.toNanos(LineLog.OUTAGE_SECONDS));
            assertTrue(append(log, "four\n"));
            assertEquals(1, messages().size(), messages().toString());
            clock.incrementAndGet();
            assertTrue(append(log, "five\n"));
            assertTrue(append(log, "six\n"));
        }
        assertEquals(2, messages().size(), messages().toString());
        assertEquals(
                file() + ": entries are written again; 2 were lost", messages().get(1));
        assertEquals("three\nfour\nfive\nsix\n", contents("log.jsonl"));
    }

    @Test
    @DisplayName("is whole although several threads append")
    void threads() throws Exception {
        List<Thread> threads = new ArrayList<>();
        try (LineLog log = log(1000, StateFile.Safety.PROCESS)) {
            for (int i = 0; i < 4; i++) {
                String line = Integer.toString(i).repeat(9) + "\n";
                threads.add(new Thread(() -> {
                    for (int n = 0; n < 250; n++) {
                        append(log, line);
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        int lines = 0;
        for (String name : files()) {
            for (String line : Files.readAllLines(folder.resolve(name))) {
                assertTrue(line.matches("(.)\\1{8}"), line);
                lines++;
            }
        }
        assertEquals(1000, lines);
    }
}
