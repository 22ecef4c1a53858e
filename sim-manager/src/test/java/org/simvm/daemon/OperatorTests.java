// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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

@Tag("integration")
@DisplayName("Whoever runs a manager")
@Timeout(60)
class OperatorTests {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String WRONG = "<sim required='yes'><monitor name='process'/></sim>";

    @TempDir
    Path folder;

    private static HttpServer receiver(List<JsonNode> received) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            JSON.readTree(exchange.getRequestBody().readAllBytes()).path("notices").forEach(received::add);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static boolean has(List<JsonNode> received, String kind, String field, String value) {
        return received.stream().anyMatch(each -> each.path("kind").asText().equals(kind)
                && each.path("data").path(field).asText().equals(value));
    }

    @Test
    @DisplayName("is sent the manager's start and end, changes of state, and who changed what")
    void notices() throws Exception {
        List<JsonNode> received = new CopyOnWriteArrayList<>();
        HttpServer server = receiver(received);
        try {
            try (ManagerFixture host = new ManagerFixture(folder, "webhook.url = http://127.0.0.1:" + server.getAddress().getPort() + "/\n")) {
                assertThrows(ControlException.class, () -> host.ask(request("apply").put("domain", "web").put("element", "<sim")));
                assertThrows(ControlException.class, () -> host.ask(request("apply").put("domain", "web").put("element", "<sim/>")
                        .put("persistent", true)));
                eventually("the new state is told", () -> has(received, "state", "state", "invalid"));
                host.ask(request("remove").put("domain", "web").put("persistent", true));
                eventually("the state after it is told", () -> has(received, "state", "before", "invalid"));
                List<ObjectNode> trail = host.ask(request("audit"));
                assertEquals(List.of("apply", "apply", "remove"), trail.stream().map(each -> each.path("verb").asText()).toList());
                assertTrue(trail.get(0).path("outcome").asText().startsWith("refused: "));
                assertEquals("done", trail.get(2).path("outcome").asText());
                assertEquals(System.getProperty("user.name"), trail.get(2).path("user").asText());
            }
            eventually("the end is told", () -> has(received, "manager", "event", "stopped"));
            assertTrue(has(received, "manager", "event", "started"));
            assertEquals(3, received.stream().filter(each -> each.path("kind").asText().equals("audit")).count());
            JsonNode state = received.stream().filter(each -> each.path("kind").asText().equals("state")).findFirst().orElseThrow();
            assertEquals("web", state.path("domain").asText());
            assertEquals("warning", state.path("severity").asText());
            Path trail = folder.resolve("state/audit.jsonl");
            assertEquals(3, Files.readAllLines(trail).size());
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(trail)));
        } finally {
            server.stop(0);
        }
    }
}
