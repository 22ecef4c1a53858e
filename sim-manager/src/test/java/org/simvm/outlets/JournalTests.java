// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.settings.OutletSettings;

/** With a real journald that has a {@code /run} of its own. */
@Tag("integration")
@DisplayName("The journal")
@Timeout(120)
class JournalTests {
    private static final Path JOURNALD = Path.of("/lib/systemd/systemd-journald");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path run;
    private Process journald;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(
                Files.isExecutable(JOURNALD),
                "skipped: there is no " + JOURNALD + " (package systemd)");
        assumeTrue(
                Files.exists(Path.of("/etc/machine-id")),
                "skipped: there is no /etc/machine-id, without which journald keeps nothing");
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "skipped: a journald of one's own needs root (mount namespace)");
        run = Files.createDirectory(folder.resolve("run"));
        startJournald();
    }

    private void startJournald() throws Exception {
        journald = new ProcessBuilder(
                        "unshare",
                        "--mount",
                        "--propagation",
                        "private",
                        "sh",
                        "-c",
                        "mount --bind '" + run + "' /run && mkdir -p /run/log/journal && exec "
                                + JOURNALD)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("journald.log").toFile())
                .start();
        await("journald answers, or is gone")
                .atMost(Duration.ofMinutes(1))
                .until(() -> answers() || !journald.isAlive());
        assumeTrue(
                journald.isAlive(),
                () -> "skipped: journald does not start here: "
                        + text(folder.resolve("journald.log")));
    }

    private boolean answers() {
        try (JournalSocket socket = new JournalSocket(socket())) {
            socket.send("MESSAGE=are you there?\n".getBytes(StandardCharsets.UTF_8));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (journald != null) {
            journald.destroy();
            journald.waitFor();
        }
    }

    private Path socket() {
        return run.resolve("systemd/journal/socket");
    }

    private OutletSettings settings() {
        return new OutletSettings(
                new OutletSettings.Journal(Set.of("finding"), socket()),
                Optional.empty(),
                Optional.empty(),
                16 << 20);
    }

    private static Notice notice(String text, String data) {
        return new Notice(
                Instant.parse("2026-01-02T03:04:05Z"),
                Notice.Kind.FINDING,
                Notice.Severity.WARNING,
                Optional.of(new Notice.Domain(
                        UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"), "web")),
                text,
                data);
    }

    /** Reads the entries of our own back, as an operator does, once there are so many. */
    private List<JsonNode> entries(int count) {
        return await(count + " entries")
                .atMost(Duration.ofMinutes(1))
                .until(this::entries, entries -> entries.size() >= count);
    }

    private List<JsonNode> entries() throws IOException {
        Process reader = new ProcessBuilder(
                        "journalctl",
                        "--directory",
                        run.resolve("log/journal").toString(),
                        "--all",
                        "-o",
                        "json",
                        "SYSLOG_IDENTIFIER=sim-manager",
                        "SIM_DOMAIN=web")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        List<JsonNode> entries = new ArrayList<>();
        for (String line : text.lines().toList()) {
            entries.add(JSON.readTree(line));
        }
        return entries;
    }

    @Test
    @DisplayName("has each notice, with fields that it can be looked for by")
    void fields() throws Exception {
        try (Outlets outlets = new Outlets(folder.resolve("spool"), "host", 50)) {
            outlets.configure(settings());
            outlets.accept(notice(
                    "hooks: it was\nchanged",
                    "{\"class\":\"hooks\",\"va\":\"0xffffffff81000000\",\"guestControlled\":true,"
                            + "\"found\":\"two\\nMESSAGE=lines\",\"nested\":{\"a\":1}}"));
            JsonNode entry = entries(1).get(0);
            assertEquals("hooks: it was changed", entry.path("MESSAGE").asText());
            assertEquals("4", entry.path("PRIORITY").asText());
            assertEquals("finding", entry.path("SIM_KIND").asText());
            assertEquals(
                    "01234567-89ab-cdef-0123-456789abcdef",
                    entry.path("SIM_UUID").asText());
            assertEquals("hooks", entry.path("SIM_CLASS").asText());
            assertEquals("true", entry.path("SIM_GUEST_CONTROLLED").asText());
            assertEquals(
                    "two\nMESSAGE=lines",
                    entry.path("SIM_FOUND").asText(),
                    "a value can't become a field of its own");
            assertEquals(
                    1,
                    JSON.readTree(entry.path("SIM_DATA").asText())
                            .path("nested")
                            .path("a")
                            .asInt());
        }
    }

    @Test
    @DisplayName("takes what is too long for a datagram as a sealed memory file")
    void large() throws Exception {
        try (Outlets outlets = new Outlets(folder.resolve("spool"), "host", 50)) {
            outlets.configure(settings());
            String value = "z".repeat(600_000);
            outlets.accept(notice("large", "{\"value\":\"" + value + "\"}"));
            assertEquals(value, entries(1).get(0).path("SIM_VALUE").asText());
        }
    }

    @Test
    @DisplayName("that is away gets everything when it comes back")
    void restarted() throws Exception {
        try (Outlets outlets = new Outlets(folder.resolve("spool"), "host", 50)) {
            outlets.configure(settings());
            outlets.accept(notice("before", "{\"number\":0}"));
            entries(1);
            journald.destroy();
            journald.waitFor();
            for (int i = 1; i < 200; i++) {
                outlets.accept(notice("while it is away", "{\"number\":" + i + "}"));
            }
            startJournald();
            List<JsonNode> entries = entries(200);
            for (int i = 0; i < 200; i++) {
                assertEquals(i, entries.get(i).path("SIM_NUMBER").asInt());
            }
            assertTrue(outlets.status().get(0).lost() == 0);
        }
    }
}
