// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.daemon.ManagerFixture.eventually;
import static org.simvm.daemon.ManagerFixture.request;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.control.ControlException;
import org.simvm.control.JsonClient;
import org.simvm.metrics.Exposition;

@Tag("integration")
@DisplayName("Whoever runs a manager")
@Timeout(180)
class OperatorTests {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static HttpServer receiver(List<JsonNode> received) throws Exception {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            JSON.readTree(exchange.getRequestBody().readAllBytes())
                    .path("notices")
                    .forEach(received::add);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static boolean has(List<JsonNode> received, String kind, String field, String value) {
        return received.stream()
                .anyMatch(each -> each.path("kind").asText().equals(kind)
                        && each.path("data").path(field).asText().equals(value));
    }

    @Test
    @DisplayName("is sent the manager's start and end, changes of state, and who changed what")
    void notices() throws Exception {
        List<JsonNode> received = new CopyOnWriteArrayList<>();
        HttpServer server = receiver(received);
        try {
            try (ManagerFixture host = new ManagerFixture(
                    folder,
                    "webhook.url = http://127.0.0.1:" + server.getAddress().getPort() + "/\n")) {
                assertThrows(
                        ControlException.class,
                        () -> host.ask(
                                request("apply").put("domain", "web").put("element", "<sim")));
                assertThrows(
                        ControlException.class,
                        () -> host.ask(request("apply")
                                .put("domain", "web")
                                .put("element", "<sim/>")
                                .put("persistent", true)));
                eventually(
                        "the new state is told", () -> has(received, "state", "state", "invalid"));
                host.ask(request("remove").put("domain", "web").put("persistent", true));
                eventually(
                        "the state after it is told",
                        () -> has(received, "state", "before", "invalid"));
                List<ObjectNode> trail = host.ask(request("audit"));
                assertEquals(
                        List.of("apply", "apply", "remove"),
                        trail.stream().map(each -> each.path("verb").asText()).toList());
                assertTrue(trail.get(0).path("outcome").asText().startsWith("refused: "));
                assertEquals("done", trail.get(2).path("outcome").asText());
                assertEquals(
                        System.getProperty("user.name"),
                        trail.get(2).path("user").asText());
            }
            eventually("the end is told", () -> has(received, "manager", "event", "stopped"));
            assertTrue(has(received, "manager", "event", "started"));
            assertEquals(
                    3,
                    received.stream()
                            .filter(each -> each.path("kind").asText().equals("audit"))
                            .count());
            JsonNode state = received.stream()
                    .filter(each -> each.path("kind").asText().equals("state"))
                    .findFirst()
                    .orElseThrow();
            assertEquals("web", state.path("domain").asText());
            assertEquals("warning", state.path("severity").asText());
            Path trail = folder.resolve("state/audit.jsonl");
            assertEquals(3, Files.readAllLines(trail).size());
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(trail)));
        } finally {
            server.stop(0);
        }
    }

    @Test
    @DisplayName("has a changed configuration put in force while the manager runs, and told what "
            + "waits for the next start")
    void reloads() throws Exception {
        List<JsonNode> received = new CopyOnWriteArrayList<>();
        HttpServer server = receiver(received);
        try (ManagerFixture host = new ManagerFixture(folder, "region.size = 8 MiB\n")) {
            assertEquals(
                    "[]", host.ask(request("reload")).get(0).path("changed").toString());
            Files.writeString(
                    host.configuration,
                    "journal.send =\nregion.size = 4 MiB\nevent.log.file = "
                            + "other.jsonl\nwebhook.url = http://127.0.0.1:"
                            + server.getAddress().getPort() + "/\n");
            JsonNode answer = host.ask(request("reload")).get(0);
            assertEquals("[\"region.size\",\"webhook\"]", answer.path("changed").toString());
            assertEquals("[\"event.log.file\"]", answer.path("nextStart").toString());
            eventually(
                    "the new receiver is told",
                    () -> has(received, "manager", "event", "reloaded"));
            assertEquals(
                    "reload", host.ask(request("audit")).get(0).path("verb").asText());
        } finally {
            server.stop(0);
        }
    }

    @Test
    @DisplayName("is told every mistake of a changed configuration at once, and the old one stays "
            + "in force")
    void wrongConfiguration() throws Exception {
        try (ManagerFixture host = new ManagerFixture(folder, "metrics.port = 0\n")) {
            Files.writeString(
                    host.configuration,
                    "journal.send =\nregion.size = much\nlog.level = loud\nno.such.key = 1\n");
            List<JsonNode> answers = new CopyOnWriteArrayList<>();
            ControlException error = assertThrows(
                    ControlException.class,
                    () -> new JsonClient(host.settings.controlSocket())
                            .follow(request("reload"), answers::add));
            assertEquals(
                    "the configuration has 3 mistakes; the old one stays in force",
                    error.getMessage());
            String problems = answers.get(0).path("problems").toString();
            for (String part : List.of("region.size", "log.level", "no.such.key")) {
                assertTrue(problems.contains(part), problems);
            }
            assertEquals(1, host.ask(request("list")).size());
            Files.writeString(host.configuration, "journal.send =\n");
            assertEquals(
                    "[]", host.ask(request("reload")).get(0).path("changed").toString());
        }
    }

    @Test
    @DisplayName("has those who only look at the read-only socket look, and not change anything or "
            + "see what guests do")
    void readOnly() throws Exception {
        try (ManagerFixture host = new ManagerFixture(folder, "")) {
            Path socket = host.settings.readOnlySocket();
            for (String verb : List.of("about", "list")) {
                assertEquals(1, ManagerFixture.ask(socket, request(verb)).size());
            }
            for (String verb : List.of("info", "status", "wait")) {
                assertEquals(
                        1,
                        ManagerFixture.ask(
                                        socket,
                                        request(verb).put("domain", "web").put("milliseconds", 1))
                                .size());
            }
            for (String verb : List.of(
                    "apply",
                    "remove",
                    "check",
                    "suspend-checks",
                    "resume-checks",
                    "reload",
                    "audit",
                    "events")) {
                ControlException error = assertThrows(
                        ControlException.class,
                        () -> ManagerFixture.ask(
                                socket,
                                request(verb)
                                        .put("domain", "web")
                                        .put("element", "<sim/>")
                                        .put("seconds", 60)),
                        verb);
                assertTrue(
                        error.getMessage()
                                .startsWith("'" + verb
                                        + "' is refused on the read-only socket; use the full one"),
                        error.getMessage());
            }
        }
    }

    @Test
    @DisplayName("is served metrics that know the domain, at the address that is configured")
    void metrics() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        try (ManagerFixture host = new ManagerFixture(folder, "metrics.port = " + port + "\n")) {
            assertThrows(
                    ControlException.class,
                    () -> host.ask(request("apply")
                            .put("domain", "web")
                            .put("element", "<sim/>")
                            .put("persistent", true)));
            String text = new String(
                    URI.create("http://127.0.0.1:" + port + "/metrics")
                            .toURL()
                            .openStream()
                            .readAllBytes(),
                    StandardCharsets.UTF_8);
            Exposition exposition = Exposition.of(text);
            assertEquals(1.0, exposition.samples().get("sim_libvirt_up"));
            assertEquals(
                    1.0,
                    exposition
                            .samples()
                            .get("sim_domain_state{domain=\"web\",state=\"invalid\",uuid=\""
                                    + ManagerFixture.WEB + "\"}"),
                    text);
        }
    }
}
