// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.daemon.ManagerFixture.SHOP;
import static org.simvm.daemon.ManagerFixture.WEB;
import static org.simvm.daemon.ManagerFixture.eventually;
import static org.simvm.daemon.ManagerFixture.needsMonitors;
import static org.simvm.daemon.ManagerFixture.request;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.control.ControlException;

@Tag("integration")
@DisplayName("A manager with libvirt's test driver")
@Timeout(180)
class ManagerTests {
    @TempDir
    Path folder;

    private ManagerFixture host;

    @BeforeEach
    void start() throws Exception {
        host = new ManagerFixture(folder, "");
    }

    @AfterEach
    void stop() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    @Test
    @DisplayName("knows the domains, and finds them by name, id and UUID")
    void knowsDomains() throws Exception {
        eventually(
                "its id is known",
                () -> host.ask(request("list")).get(0).path("id").asInt() == 1);
        for (String name : List.of("web", "1", WEB.toString())) {
            assertEquals(
                    "web",
                    host.ask(request("status").put("domain", name))
                            .get(0)
                            .path("name")
                            .asText());
        }
        ControlException error = assertThrows(
                ControlException.class, () -> host.ask(request("status").put("domain", "nobody")));
        assertEquals(
                "there is no domain 'nobody'; 'virt-sim list' shows those there are",
                error.getMessage());
    }

    @Test
    @DisplayName("marks a domain that requires SIM, says why it can't have it, and takes the "
            + "mark back")
    void marks() throws Exception {
        needsMonitors();
        eventually("web is known", () -> host.state("web").isPresent());
        ControlException error = assertThrows(
                ControlException.class,
                () -> host.ask(request("apply")
                        .put("domain", "web")
                        .put("element", "<sim required='yes'><monitor name='process'/></sim>")
                        .put("persistent", true)));
        assertTrue(error.getMessage().contains("type \"test\""), error.getMessage());
        assertTrue(Files.exists(host.directories.requiredMarker(WEB)));
        assertEquals(Optional.of("invalid"), host.state("web"));
        host.ask(request("remove").put("domain", "web").put("persistent", true));
        assertFalse(Files.exists(host.directories.requiredMarker(WEB)));
        assertEquals(Optional.of("none"), host.state("web"));
    }

    @Test
    @DisplayName("suspends a domain's checks for a while, over a restart, with an entry in the "
            + "audit trail")
    void suspends() throws Exception {
        eventually("web is known", () -> host.state("web").isPresent());
        Instant before = Instant.now();
        String until = host.ask(request("suspend-checks")
                        .put("domain", "web")
                        .put("seconds", 3600)
                        .put("reason", "upgrade"))
                .get(0)
                .path("until")
                .asText();
        assertTrue(Instant.parse(until).isAfter(before.plusSeconds(3590)), until);
        assertEquals(until, suspendedUntil());
        host.manager.close();
        host.start();
        eventually("web is known", () -> host.state("web").isPresent());
        assertEquals(until, suspendedUntil());
        assertTrue(host.ask(request("resume-checks").put("domain", "web"))
                .get(0)
                .path("resumed")
                .asBoolean());
        assertEquals("", suspendedUntil());
        List<String> trail = host.ask(request("audit")).stream()
                .map(entry -> entry.path("verb").asText() + " "
                        + entry.path("arguments").path("reason").asText()
                        + entry.path("outcome").asText())
                .toList();
        assertEquals(List.of("suspend-checks upgradedone", "resume-checks done"), trail);
        ControlException error = assertThrows(
                ControlException.class,
                () -> host.ask(request("suspend-checks").put("domain", "web").put("seconds", 0)));
        assertTrue(
                error.getMessage().startsWith("checks can be suspended for 1 s to 7 days"),
                error.getMessage());
    }

    private String suspendedUntil() throws ControlException {
        return host.ask(request("status").put("domain", "web"))
                .get(0)
                .path("checksSuspendedUntil")
                .asText();
    }

    @Test
    @DisplayName("refuses a wrong element before anything is changed")
    void wrongElement() throws Exception {
        eventually("web is known", () -> host.state("web").isPresent());
        for (String element : List.of(
                "<sim required='maybe'/>",
                "<sim><monitor name='nosuch'/></sim>",
                "<other/>",
                "<sim")) {
            ControlException error = assertThrows(
                    ControlException.class,
                    () -> host.ask(request("apply")
                            .put("domain", "web")
                            .put("element", element)
                            .put("persistent", true)));
            assertFalse(error.getMessage().isBlank());
            assertFalse(error.getMessage().contains("\n"));
        }
        assertEquals(Optional.of("none"), host.state("web"));
    }

    @Test
    @DisplayName("is all there is for a run directory")
    void second() {
        StartException error =
                assertThrows(StartException.class, () -> Manager.start(host.settings));
        assertTrue(
                error.getMessage().startsWith("another sim-manager runs already"),
                error.getMessage());
    }

    @Test
    @DisplayName("leaves what it prepared to the next one")
    void adopted() throws Exception {
        needsMonitors();
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        host.manager.close();
        assertTrue(host.isPrepared());
        host.start();
        assertEquals(Optional.of("prepared"), host.state("shop"));
        assertEquals("ok\n", host.hook("start", host.underSim("process")));
        assertEquals("ok\n", host.hook("release", host.underSim("process")));
        eventually("the run directory is gone", () -> !host.isPrepared());
    }

    @Test
    @DisplayName("clears away what a dead QEMU left")
    void cleared() throws Exception {
        needsMonitors();
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        host.manager.close();
        Files.delete(host.directories.run(SHOP).resolve("launch"));
        host.start();
        assertFalse(host.isPrepared());
        assertEquals(Optional.empty(), host.state("shop"));
    }

    @Test
    @DisplayName("says in one line why it can't start")
    void cantStart() throws Exception {
        host.manager.close();
        Files.delete(host.settings.runDirectory().resolve("sim-manager.lock"));
        Files.createDirectory(host.settings.runDirectory().resolve("sim-manager.lock"));
        StartException error =
                assertThrows(StartException.class, () -> Manager.start(host.settings));
        assertTrue(
                error.getMessage().contains(host.settings.runDirectory().toString()),
                error.getMessage());
    }
}
