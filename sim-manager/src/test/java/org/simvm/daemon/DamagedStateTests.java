// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.arming.EarlierSession;
import org.simvm.reconcile.FormerEmulator;
import org.simvm.session.SessionNotes;
import org.slf4j.LoggerFactory;

@Tag("integration")
@DisplayName("A file of state that is damaged")
@Timeout(180)
class DamagedStateTests {
    @TempDir
    Path folder;

    private final ListAppender<ILoggingEvent> told = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);

    @BeforeEach
    void listen() {
        told.start();
        root.addAppender(told);
    }

    @AfterEach
    void stop() {
        root.detachAppender(told);
    }

    private List<String> linesAbout(Path file) {
        return List.copyOf(told.list).stream()
                .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .map(ILoggingEvent::getFormattedMessage)
                .filter(line -> line.contains(file.toString()))
                .toList();
    }

    private void toldOnce(Path file, String next) {
        List<String> lines = linesAbout(file);
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(
                lines.get(0).contains(next) && lines.get(0).lines().count() == 1, lines.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"format\":1,\"viol", "\u0000\u0001", "{\"format\":9}"})
    @DisplayName(
            "notes of a session: a line tells it, and the domain goes on as if there were none")
    void notes(String contents) throws Exception {
        Path file = Files.writeString(folder.resolve("session.json"), contents);
        SessionNotes notes = SessionNotes.of(folder);
        assertEquals(EarlierSession.NONE, notes.earlier());
        toldOnce(file, "checks begin at the guest's next boot");
        notes.armed(true);
        assertTrue(SessionNotes.of(folder).earlier().armed());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"format\":1,\"emu", "/usr/bin/qemu-sys", "{\"format\":9}"})
    @DisplayName("the former emulator: a line tells it, and libvirt's default is used")
    void formerEmulator(String contents) throws Exception {
        Path file = Files.writeString(folder.resolve("former-emulator"), contents);
        FormerEmulator former = new FormerEmulator(folder);
        assertEquals(Optional.empty(), former.recall());
        toldOnce(file, "libvirt's default emulator is used");
        former.remember(Optional.of(Path.of("/usr/bin/kvm")));
        assertEquals(Optional.of(Path.of("/usr/bin/kvm")), former.recall());
    }

    @Test
    @DisplayName("whichever it is, or all of them: the manager starts, tells each in one line, and "
            + "serves its domains")
    void all() throws Exception {
        Path state = folder.resolve("state");
        Path domain = Files.createDirectories(
                state.resolve("domains").resolve(ManagerFixture.WEB.toString()));
        byte[] noise = "\u00ff\u0000{\"form\u00fe".getBytes(StandardCharsets.ISO_8859_1);
        Path maintenance = Files.write(domain.resolve("maintenance.json"), noise);
        Path audit = Files.write(state.resolve("audit.jsonl"), noise);
        Path spool = Files.createDirectories(state.resolve("spool/webhook"));
        Path position = Files.write(spool.resolve("position"), noise);
        Path lost = Files.write(spool.resolve("lost"), noise);
        Files.write(spool.resolve("00000000000000000000.jsonl"), noise);
        Files.write(domain.resolve("baseline.json"), noise);
        Files.write(domain.resolve("incidents.jsonl"), noise);
        // One that a manager finds of a guest that ran when it was killed: nobody answers on its
        // socket any more.
        Path run = Files.createDirectories(
                folder.resolve("run/domains").resolve("libvirt-" + UUID.randomUUID()));
        Files.write(run.resolve("region"), noise);
        try (ManagerFixture host =
                new ManagerFixture(folder, "webhook.url = http://127.0.0.1:9/\n")) {
            assertEquals(
                    "none",
                    host.ask(ManagerFixture.request("list"))
                            .get(0)
                            .path("state")
                            .asText());
            toldOnce(maintenance, "are not suspended");
            toldOnce(position, "makes no sense");
            toldOnce(lost, "makes no sense");
            toldOnce(audit, "damaged");
            assertTrue(Files.notExists(run));
            told.list.clear();
            host.ask(ManagerFixture.request("suspend-checks")
                    .put("domain", "web")
                    .put("seconds", Duration.ofHours(1).toSeconds()));
            toldOnce(audit, "cut off by a crash");
            assertEquals(
                    "suspend-checks",
                    host.ask(ManagerFixture.request("audit"))
                            .get(0)
                            .path("verb")
                            .asText());
        }
        assertEquals(1, Files.readAllLines(audit).size());
    }
}
