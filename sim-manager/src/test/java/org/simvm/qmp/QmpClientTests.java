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

    private QmpClient connect(QmpListener listener) throws QmpException, InterruptedException {
        QmpClient client = QmpClient.connect(socket(), TIMEOUT);
        client.listen(listener);
        return client;
    }

    /** Connects on a thread of its own, and returns once that waits for the server. */
    private CompletableFuture<QmpClient> connectWaiting() {
        CompletableFuture<QmpClient> opening = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                opening.complete(connect(recorder));
            } catch (Exception e) {
                opening.completeExceptionally(e);
            }
        });
        thread.start();
        while (thread.getState() != Thread.State.TIMED_WAITING && thread.isAlive()) {
            Thread.onSpinWait();
        }
        return opening;
    }

    private Path socket() {
        return directory.resolve("qmp.sock");
    }

    private static JsonNode echo(String command, JsonNode arguments) {
        return switch (command) {
            case "echo" -> arguments;
            case "silence" -> null;
            case "fail" -> throw new ScriptedQmp.CommandError("the first expectation failed");
            default ->
                throw new ScriptedQmp.CommandError(
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
            CompletableFuture<QmpClient> opening = connectWaiting();
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = opening.get()) {
                assertEquals(7, client.execute("echo", value(7)).get("value").asInt());
            }
        }

        @Test
        void retriesWhileTheSocketRefusesConnections() throws Exception {
            new ScriptedQmpServer(socket(), QmpClientTests::echo)
                    .close(); // leaves a file nobody listens on
            CompletableFuture<QmpClient> opening = connectWaiting();
            Files.delete(socket());
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = opening.get()) {
                assertEquals(7, client.execute("echo", value(7)).get("value").asInt());
            }
        }

        @Test
        void saysThatNoQemuCame() {
            QmpException e = assertThrows(
                    QmpException.class, () -> QmpClient.connect(socket(), Duration.ZERO));
            assertEquals(
                    "no QMP socket " + socket()
                            + " after 0 ms: was QEMU started by the SIM launcher?",
                    e.getMessage());
        }

        @Test
        void refusesAServerThatSpeaksSomethingElse() throws Exception {
            try (ScriptedQmpServer server =
                    new ScriptedQmpServer(socket(), "SSH-2.0-OpenSSH", QmpClientTests::echo)) {
                QmpException e = assertThrows(QmpException.Closed.class, () -> connect(recorder));
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
                    QmpClient client = connect(recorder)) {
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
        void deliversEventsInOrderAndLetsAListenerExecuteCommands() throws Exception {
            QmpClient[] client = new QmpClient[1];
            QmpListener asking = new QmpListener() {
                @Override
                public void event(QmpEvent event) {
                    try {
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
                client[0] = QmpClient.connect(socket(), TIMEOUT);
                client[0].listen(asking);
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
        void aListenerThatThrowsStillGetsTheNextEvent() throws Exception {
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
                    QmpClient client = connect(clumsy)) {
                server.emit("FIRST", value(1));
                server.emit("SECOND", value(2));
                assertEquals("FIRST", heard.take());
                assertEquals("SECOND", heard.take());
            }
        }

        @Test
        void reportsQemusErrorWithItsDescription() throws Exception {
            try (ScriptedQmpServer server = new ScriptedQmpServer(socket(), QmpClientTests::echo);
                    QmpClient client = connect(recorder)) {
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
                    QmpClient client = connect(recorder)) {
                assertThrows(
                        QmpException.TimedOut.class,
                        () -> client.execute("silence", null, Duration.ZERO));
                assertEquals(1, client.execute("echo", value(1)).get("value").asInt());
            }
        }
    }

    @Nested
    @DisplayName("when QEMU ends")
    class Ending {
        @Test
        void wakesWaitingCommandsAndTellsTheListenerLast() throws Exception {
            CountDownLatch executing = new CountDownLatch(1);
            ScriptedQmpServer server = new ScriptedQmpServer(socket(), (command, arguments) -> {
                executing.countDown();
                return null;
            });
            try (QmpClient client = connect(recorder)) {
                CompletableFuture<Throwable> waiting =
                        CompletableFuture.supplyAsync(() -> assertThrows(
                                QmpException.Closed.class, () -> client.execute("silence", null)));
                executing.await();
                server.emit("SHUTDOWN", value(0));
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
                    QmpClient client = connect(recorder)) {
                CompletableFuture<Void> unused = CompletableFuture.runAsync(
                        () -> server.send("x".repeat(QmpClient.LINE_LIMIT + 100_000)));
                assertTrue(heard.take().contains("a line longer than"));
            }
        }
    }
}
