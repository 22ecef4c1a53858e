// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A spool")
class SpoolTests {
    private static final long SMALL = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Spool open(long bytes) throws IOException {
        return new Spool(folder.resolve("spool"), "host", bytes);
    }

    static byte[] line(int number, int padding) {
        return ("{\"number\":" + number + ",\"padding\":\"" + "x".repeat(padding) + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static List<JsonNode> takeAll(Spool spool) throws IOException {
        List<JsonNode> all = new ArrayList<>();
        while (spool.waiting() > 0) {
            List<Spool.Entry> some = spool.peek(100, 64 << 10);
            assertTrue(!some.isEmpty(), "lines wait, and none comes");
            for (Spool.Entry entry : some) {
                JsonNode json = JSON.readTree(entry.line());
                assertEquals(entry.sequence(), json.path("sequence").asLong());
                all.add(json);
            }
            spool.remove(some);
        }
        return all;
    }

    @Test
    @DisplayName("gives lines back in order, numbered without a gap, over many segments")
    void order() throws IOException {
        try (Spool spool = open(SMALL)) {
            for (int round = 0; round < 5; round++) {
                for (int i = 0; i < 2000; i++) {
                    assertEquals(1, spool.append(List.of(line(round * 2000 + i, 300))));
                }
                List<JsonNode> taken = takeAll(spool);
                assertEquals(2000, taken.size());
                for (int i = 0; i < 2000; i++) {
                    assertEquals(round * 2000 + i, taken.get(i).path("number").asInt());
                    assertEquals(round * 2000 + i, taken.get(i).path("sequence").asInt());
                }
                assertTrue(
                        spool.bytes() < 128 << 10,
                        "what was taken stays on disk: " + spool.bytes());
            }
        }
    }

    @Test
    @DisplayName("gives what was not removed again, in this life and in the next")
    void notRemoved() throws IOException {
        try (Spool spool = open(SMALL)) {
            spool.append(List.of(line(0, 0), line(1, 0), line(2, 0)));
            List<Spool.Entry> first = spool.peek(10, 1 << 16);
            assertEquals(3, first.size());
            spool.remove(first.subList(0, 1));
            assertEquals(
                    1,
                    JSON.readTree(spool.peek(1, 1 << 16).get(0).line())
                            .path("number")
                            .asInt());
        }
        try (Spool spool = open(SMALL)) {
            assertEquals(2, spool.waiting());
            assertEquals(
                    List.of(1, 2),
                    takeAll(spool).stream()
                            .map(each -> each.path("number").asInt())
                            .toList());
        }
        try (Spool spool = open(SMALL)) {
            assertEquals(0, spool.waiting());
            spool.append(List.of(line(3, 0)));
            assertEquals(
                    3,
                    takeAll(spool).get(0).path("sequence").asInt(),
                    "numbers go on in the next life");
        }
    }

    @Test
    @DisplayName("takes a line that is longer than a batch")
    void longLine() throws IOException {
        try (Spool spool = open(SMALL)) {
            spool.append(List.of(line(0, 200 << 10), line(1, 0)));
            assertEquals(
                    0,
                    JSON.readTree(spool.peek(10, 1 << 10).get(0).line())
                            .path("number")
                            .asInt());
            assertEquals(2, takeAll(spool).size());
        }
    }

    @Test
    @DisplayName("that is full loses the newest, counts them exactly, and says so when there is "
            + "room, also after a restart")
    void full() throws IOException {
        int given = 5000;
        int fitted = 0;
        long lost;
        try (Spool spool = open(SMALL)) {
            for (int i = 0; i < given; i++) {
                fitted += spool.append(List.of(line(i, 400)));
            }
            lost = spool.lost();
            assertEquals(given, fitted + lost);
            assertTrue(
                    lost > 1000 && spool.bytes() <= SMALL,
                    lost + " lost, " + spool.bytes() + " bytes");
        }
        try (Spool spool = open(SMALL)) {
            assertEquals(lost, spool.lost());
            List<JsonNode> taken = takeAll(spool);
            assertEquals(fitted, taken.size());
            assertEquals(
                    fitted - 1,
                    taken.get(fitted - 1).path("number").asInt(),
                    "the oldest were kept");
            spool.append(List.of(line(given, 0)));
            List<JsonNode> after = takeAll(spool);
            assertEquals(2, after.size());
            assertEquals("lost", after.get(0).path("kind").asText());
            assertEquals(lost, after.get(0).path("data").path("lost").asLong());
            assertEquals(fitted, after.get(0).path("sequence").asInt());
            assertEquals(given, after.get(1).path("number").asInt());
            spool.append(List.of(line(given + 1, 0)));
            assertEquals(1, takeAll(spool).size(), "a loss is told once");
        }
    }

    @Test
    @DisplayName("drops the half line that a crash of the host left, and starts over if its "
            + "position makes no sense")
    void damaged() throws IOException {
        try (Spool spool = open(SMALL)) {
            spool.append(List.of(line(0, 0), line(1, 0)));
            List<Spool.Entry> first = spool.peek(1, 1 << 16);
            spool.remove(first);
        }
        try (Stream<Path> files = Files.list(folder.resolve("spool"))) {
            Path segment = files.filter(file -> file.toString().endsWith(".jsonl"))
                    .findFirst()
                    .orElseThrow();
            Files.writeString(segment, "{\"sequence\":2,\"numb", StandardOpenOption.APPEND);
        }
        try (Spool spool = open(SMALL)) {
            assertEquals(1, spool.waiting());
            spool.append(List.of(line(2, 0)));
            assertEquals(
                    List.of(1, 2),
                    takeAll(spool).stream()
                            .map(each -> each.path("number").asInt())
                            .toList());
        }
        Files.writeString(folder.resolve("spool/position"), "rubbish");
        try (Spool spool = open(SMALL)) {
            assertEquals(
                    List.of(0, 1, 2),
                    takeAll(spool).stream()
                            .map(each -> each.path("number").asInt())
                            .toList());
        }
    }

    @Test
    @DisplayName("has everything that was appended before its process was killed")
    void killed() throws Exception {
        long sum = 0;
        for (int life = 0; life < 3; life++) {
            Process writer = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            "-Xmx32m",
                            SpoolWriter.class.getName(),
                            folder.resolve("spool").toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            long said = -1;
            try (BufferedReader out = new BufferedReader(
                    new InputStreamReader(writer.getInputStream(), StandardCharsets.US_ASCII))) {
                for (String text = out.readLine();
                        text != null && said < 300;
                        text = out.readLine()) {
                    said = Long.parseLong(text);
                }
                writer.toHandle()
                        .destroyForcibly(); // unlike Process.destroyForcibly it leaves the stream
                // open
                for (String text = out.readLine(); text != null; text = out.readLine()) {
                    said = text.matches("[0-9]+") ? Math.max(said, Long.parseLong(text)) : said;
                }
            }
            sum += said + 1;
            try (Spool spool = open(SMALL)) {
                assertTrue(
                        spool.waiting() >= said + 1 && spool.waiting() <= said + 2,
                        spool.waiting() + " wait, " + said + " were told");
                takeAll(spool);
            }
        }
        assertTrue(sum >= 900);
    }
}
