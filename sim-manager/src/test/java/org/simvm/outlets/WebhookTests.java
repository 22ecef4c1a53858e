// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.settings.OutletSettings;

@DisplayName("The webhook")
@Timeout(60)
class WebhookTests {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Notice.Domain WEB =
            new Notice.Domain(UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"), "web");

    @TempDir
    Path folder;

    private final List<JsonNode> received = new CopyOnWriteArrayList<>();
    private final List<HttpExchange> exchanges = new CopyOnWriteArrayList<>();
    private volatile ToIntFunction<JsonNode> verdict = body -> 204;
    private HttpServer server;
    private int port;
    private Outlets outlets;

    @BeforeEach
    void receiver() throws IOException {
        listen(0);
        outlets = new Outlets(folder.resolve("spool"), "host", 50);
    }

    @AfterEach
    void end() {
        outlets.close();
        server.stop(0);
    }

    private void listen(int atPort) throws IOException {
        server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), atPort), 0);
        port = server.getAddress().getPort();
        server.createContext("/", exchange -> {
            byte[] bytes = exchange.getRequestBody().readAllBytes();
            JsonNode body = JSON.readTree(bytes);
            exchange.setAttribute("bytes", bytes);
            exchanges.add(exchange);
            int status = verdict.applyAsInt(body);
            if (status < 300) {
                body.path("notices").forEach(received::add);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
    }

    private OutletSettings settings(Set<String> send, Optional<Path> secret, long bytes) {
        return new OutletSettings(
                new OutletSettings.Journal(Set.of(), Path.of("/run/none")),
                Optional.empty(),
                Optional.of(new OutletSettings.Webhook(
                        send,
                        URI.create("http://127.0.0.1:" + port + "/hook"),
                        Duration.ofSeconds(5),
                        secret)),
                bytes);
    }

    private static Notice notice(Notice.Kind kind, int number) {
        return new Notice(
                Instant.EPOCH,
                kind,
                Notice.Severity.WARNING,
                Optional.of(WEB),
                "something\nhappened",
                "{\"number\":" + number + "}");
    }

    private void give(int from, int to) {
        for (int i = from; i < to; i++) {
            outlets.accept(notice(Notice.Kind.FINDING, i));
        }
    }

    private static void eventually(String what, BooleanSupplier condition) {
        await(what).atMost(Duration.ofMinutes(1)).until(condition::getAsBoolean);
    }

    private void assertReceived(int count) {
        assertEquals(count, received.size());
        for (int i = 0; i < count; i++) {
            assertEquals(i, received.get(i).path("data").path("number").asInt());
            assertEquals(i, received.get(i).path("sequence").asInt());
        }
    }

    @Test
    @DisplayName("posts what it is to send, with everything that is known, and nothing else")
    void posts() throws Exception {
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        outlets.accept(notice(Notice.Kind.STATE, 7));
        give(0, 1);
        eventually("it is received", () -> !received.isEmpty());
        assertEquals(JSON.readTree("""
                {"sequence": 0, "time": "1970-01-01T00:00:00Z", "host": "host", "kind": "finding", "severity": "warning", "domain": "web",
                 "uuid": "01234567-89ab-cdef-0123-456789abcdef", "text": "something happened", "data": {"number": 0}}"""), received.get(0));
        assertEquals(1, received.size());
        assertEquals(
                "application/json", exchanges.get(0).getRequestHeaders().getFirst("Content-Type"));
    }

    @Test
    @DisplayName("signs requests with the secret")
    void signs() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "a secret\n");
        outlets.configure(settings(Set.of("finding"), Optional.of(secret), 1 << 20));
        give(0, 1);
        eventually("it is received", () -> !received.isEmpty());
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec("a secret".getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
        assertEquals(
                "sha256="
                        + HexFormat.of().formatHex(mac.doFinal((byte[])
                                exchanges.get(0).getAttribute("bytes"))),
                exchanges.get(0).getRequestHeaders().getFirst("X-SIM-Signature"));
    }

    @Test
    @DisplayName("loses nothing while the receiver is away or says that it can't")
    void receiverRestarts() throws Exception {
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        give(0, 300);
        eventually("the first are received", () -> received.size() == 300);
        server.stop(0);
        give(300, 900);
        eventually("it is noticed", () -> outlets.status().get(0).failing());
        verdict = body -> 503;
        listen(port);
        give(900, 1000);
        eventually("the receiver was asked", () -> exchanges.size() > 5);
        verdict = body -> 200;
        eventually("all are received", () -> received.size() >= 1000);
        assertReceived(1000);
        eventually("all are off the spool", () -> outlets.status().get(0).waiting() == 0);
        assertEquals(1000, outlets.status().get(0).delivered());
    }

    @Test
    @DisplayName("loses nothing while the manager is away")
    void managerRestarts() throws Exception {
        server.stop(0);
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        give(0, 500);
        outlets.close();
        outlets = new Outlets(folder.resolve("spool"), "host", 50);
        listen(port);
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        give(500, 600);
        eventually("all are received", () -> received.size() >= 600);
        assertReceived(600);
    }

    @Test
    @DisplayName("counts exactly what did not fit into its spool, and tells the receiver")
    void bound() throws Exception {
        server.stop(0);
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        int given = 10_000;
        give(0, given);
        long lost = outlets.status().get(0).lost();
        assertTrue(lost > 0 && lost < given, lost + " lost");
        listen(port);
        eventually("what fitted is received", () -> received.size() == given - lost);
        give(given, given + 1);
        eventually("the next is received", () -> received.size() == given - lost + 2);
        JsonNode told = received.get(received.size() - 2);
        assertEquals("lost", told.path("kind").asText());
        assertEquals(lost, told.path("data").path("lost").asLong());
    }

    @Test
    @DisplayName("drops the one notice that the receiver refuses for its content, counts it, and "
            + "delivers its neighbours")
    void poison() throws Exception {
        verdict = body -> {
            for (JsonNode each : body.path("notices")) {
                if (each.path("data").path("number").asInt() == 37) {
                    return 413;
                }
            }
            return 200;
        };
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        give(0, 100);
        eventually("the others are received", () -> received.size() == 99);
        eventually("it is counted", () -> outlets.status().get(0).refused() == 1);
        assertTrue(received.stream()
                .noneMatch(each -> each.path("data").path("number").asInt() == 37));
    }

    @Test
    @DisplayName("takes another address without losing anything")
    void reconfigured() throws Exception {
        int first = port;
        server.stop(0);
        outlets.configure(settings(Set.of("finding"), Optional.empty(), 1 << 20));
        give(0, 50);
        listen(0);
        assertTrue(port != first);
        outlets.configure(settings(Set.of("finding", "state"), Optional.empty(), 1 << 20));
        give(50, 60);
        eventually("all are received", () -> received.size() >= 60);
        assertReceived(60);
    }
}
