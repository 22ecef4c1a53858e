// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A QMP connection")
@Timeout(20)
class QmpClientTests {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    @TempDir
    Path directory;

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final QmpListener recorder = new QmpListener() {
        @Override
        public void event(QmpEvent event) {
            heard.add(event.name());
        }

        @Override
        public void closed(String reason) {
            heard.add("closed: " + reason);
        }
    };

    private Path socket() {
        return directory.resolve("qmp.sock");
    }

    private static JsonNode echo(String command, JsonNode arguments) {
        return switch (command) {
            case "echo" -> arguments;
            case "silence" -> null;
            case "fail" -> throw new ScriptedQmpServer.CommandError("the first expectation failed");
            default ->
                throw new ScriptedQmpServer.CommandError(
                        "The command " + command + " has not been found");
        };
    }

    private static ObjectNode value(int value) {
        return JSON.createObjectNode().put("value", value);
    }

    @Nested
    @DisplayName("while it is opened")
    class Opening {
        @Test
        void waitsForASocketThatAppearsLater() throws Exception {
            CompletableFuture<QmpClient> opening = CompletableFuture.supplyAsync(() -> {
                try {
                    return QmpClient.connect(socket(), TIMEOUT, recorder);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            Thread.sleep(200);
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = opening.get(5, TimeUnit.SECONDS)) {
                assertEquals(7, client.execute("echo", value(7)).get("value").asInt());
            }
        }

        @Test
        void retriesWhileTheSocketRefusesConnections() throws Exception {
            new ScriptedQmpServer(socket(), QmpClientTests::echo)
                    .close(); // leaves a file nobody listens on
            CompletableFuture<ScriptedQmpServer> late = CompletableFuture.supplyAsync(() -> {
                try {
                    Thread.sleep(150);
                    Files.delete(socket());
                    return new ScriptedQmpServer(socket(), QmpClientTests::echo);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            try (QmpClient client = QmpClient.connect(socket(), TIMEOUT, recorder)) {
                assertEquals(7, client.execute("echo", value(7)).get("value").asInt());
            } finally {
                late.get().close();
            }
        }

        @Test
        void saysThatNoQemuCame() {
            QmpException e = assertThrows(
                    QmpException.class,
                    () -> QmpClient.connect(socket(), Duration.ofMillis(50), recorder));
            assertEquals(
                    "no QMP socket " + socket()
                            + " after 50 ms: was QEMU started by the SIM launcher?",
                    e.getMessage());
        }

        @Test
        void refusesAServerThatSpeaksSomethingElse() throws Exception {
            try (ScriptedQmpServer server =
                    new ScriptedQmpServer(socket(), "SSH-2.0-OpenSSH", QmpClientTests::echo)) {
                QmpException e = assertThrows(
                        QmpException.Closed.class,
                        () -> QmpClient.connect(socket(), TIMEOUT, recorder));
                assertTrue(e.getMessage().contains("does not speak QMP"), e.getMessage());
            }
        }
    }

    @Nested
    @DisplayName("once open")
    class Open {
        @Test
        void matchesAnswersToCommandsOfSeveralThreads() throws Exception {
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = QmpClient.connect(socket(), TIMEOUT, recorder)) {
                List<CompletableFuture<Boolean>> callers = new ArrayList<>();
                for (int caller = 0; caller < 8; caller++) {
                    int base = caller * 1000;
                    callers.add(CompletableFuture.supplyAsync(() -> {
                        for (int i = base; i < base + 50; i++) {
                            try {
                                if (client.execute("echo", value(i))
                                                .get("value")
                                                .asInt()
                                        != i) {
                                    return false;
                                }
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                        }
                        return true;
                    }));
                }
                for (CompletableFuture<Boolean> caller : callers) {
                    assertTrue(caller.get());
                }
            }
        }

        @Test
        void handsOutEventsInOrderAndLetsAListenerExecuteCommands() throws Exception {
            CountDownLatch connected = new CountDownLatch(1);
            QmpClient[] client = new QmpClient[1];
            QmpListener asking = new QmpListener() {
                @Override
                public void event(QmpEvent event) {
                    try {
                        connected.await();
                        int n = event.data().get("value").asInt();
                        heard.add(event.name()
                                + client[0]
                                        .execute("echo", value(n))
                                        .get("value")
                                        .asInt());
                    } catch (Exception e) {
                        heard.add(e.toString());
                    }
                }

                @Override
                public void closed(String reason) {}
            };
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo)) {
                client[0] = QmpClient.connect(socket(), TIMEOUT, asking);
                connected.countDown();
                for (int i = 0; i < 20; i++) {
                    server.emit("TICK", value(i));
                }
                for (int i = 0; i < 20; i++) {
                    assertEquals("TICK" + i, heard.take());
                }
                client[0].close();
            }
        }

        @Test
        void aListenerThatThrowsStillHearsTheNextEvent() throws Exception {
            QmpListener clumsy = new QmpListener() {
                @Override
                public void event(QmpEvent event) {
                    heard.add(event.name());
                    throw new IllegalStateException("clumsy");
                }

                @Override
                public void closed(String reason) {}
            };
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = QmpClient.connect(socket(), TIMEOUT, clumsy)) {
                server.emit("FIRST", value(1));
                server.emit("SECOND", value(2));
                assertEquals("FIRST", heard.take());
                assertEquals("SECOND", heard.take());
            }
        }

        @Test
        void reportsQemusErrorWithItsDescription() throws Exception {
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = QmpClient.connect(socket(), TIMEOUT, recorder)) {
                QmpException.Refused e = assertThrows(
                        QmpException.Refused.class, () -> client.execute("fail", null));
                assertEquals("QEMU refused fail: the first expectation failed", e.getMessage());
                assertEquals("GenericError", e.errorClass());
                assertEquals(1, client.execute("echo", value(1)).get("value").asInt());
            }
        }

        @Test
        void givesUpOnASilentCommandButKeepsTheConnection() throws Exception {
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = QmpClient.connect(socket(), TIMEOUT, recorder)) {
                assertThrows(
                        QmpException.TimedOut.class,
                        () -> client.execute("silence", null, Duration.ofMillis(50)));
                assertEquals(1, client.execute("echo", value(1)).get("value").asInt());
            }
        }
    }

    @Nested
    @DisplayName("when QEMU ends")
    class Ending {
        @Test
        void wakesWaitingCommandsAndTellsTheListenerLast() throws Exception {
            ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
            try (QmpClient client = QmpClient.connect(socket(), TIMEOUT, recorder)) {
                CompletableFuture<Throwable> waiting =
                        CompletableFuture.supplyAsync(() -> assertThrows(
                                QmpException.Closed.class, () -> client.execute("silence", null)));
                Thread.sleep(100);
                server.emit("SHUTDOWN", value(0));
                Thread.sleep(100);
                server.close();
                assertTrue(waiting.get().getMessage().contains(socket().toString()));
                assertEquals("SHUTDOWN", heard.take());
                assertTrue(heard.take().startsWith("closed: "));
                assertThrows(QmpException.Closed.class, () -> client.execute("echo", value(1)));
            }
        }

        @Test
        void refusesALineWithoutEnd() throws Exception {
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = QmpClient.connect(socket(), TIMEOUT, recorder)) {
                CompletableFuture.runAsync(
                        () -> server.send("x".repeat(QmpClient.LINE_LIMIT + 100_000)));
                assertTrue(heard.take().contains("a line longer than"));
            }
        }
    }
}
