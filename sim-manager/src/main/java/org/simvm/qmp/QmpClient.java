// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link QmpConnection} over a Unix socket: sends commands, matches answers to them by id and
 * delivers events.
 *
 * <p>Two daemon threads serve it. The reader never runs foreign code, so an answer always reaches
 * its caller, even while the listener is busy; the other one calls the listener. Commands may be
 * executed from any thread, several at a time.
 */
final class QmpClient implements QmpConnection {
    /**
     * How long a command may take before {@link QmpException.TimedOut}, if the caller does not say.
     */
    static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    /** Longest line accepted. The longest expected, 1024 violations, is a tenth of that. */
    static final int LINE_LIMIT = 8 << 20;

    private static final Logger log = LoggerFactory.getLogger(QmpClient.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path socket;
    private final SocketChannel channel;
    private final Map<Long, Pending> pending = new ConcurrentHashMap<>();
    private final AtomicLong nextId = new AtomicLong(1);
    private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
    /** What the listener, once there is one, is still to be called with. */
    private final LinkedBlockingQueue<Consumer<QmpListener>> notices = new LinkedBlockingQueue<>();

    private final Object writeLock = new Object();
    private volatile String closedReason;

    private record Pending(String command, CompletableFuture<JsonNode> answer) {}

    private QmpClient(Path socket, SocketChannel channel) {
        this.socket = socket;
        this.channel = channel;
    }

    /**
     * Connects and negotiates capabilities. Waits for the socket to appear and to accept, without
     * polling the file system.
     *
     * @param socket the Unix socket; its directory must exist
     * @param timeout how long to wait for the socket, and then for the greeting
     * @throws QmpException if the socket does not accept in time, or what listens there is no QMP
     *     server
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    static QmpClient connect(Path socket, Duration timeout)
            throws QmpException, InterruptedException {
        QmpClient client = new QmpClient(socket, SocketArrival.await(socket, timeout));
        client.startThread("qmp-read", client::readLoop);
        try {
            client.take(client.greeting, "the greeting", timeout);
            client.execute("qmp_capabilities", null, timeout);
        } catch (QmpException | InterruptedException e) {
            client.close();
            throw e;
        }
        return client;
    }

    @Override
    public void listen(QmpListener listener) {
        startThread("qmp-event", () -> deliver(listener));
    }

    /** Executes a command with {@link #DEFAULT_TIMEOUT}. */
    @Override
    public JsonNode execute(String command, ObjectNode arguments)
            throws QmpException, InterruptedException {
        return execute(command, arguments, DEFAULT_TIMEOUT);
    }

    /**
     * Executes a command and returns the value of its {@code return} member.
     *
     * @param command the QMP command's name
     * @param arguments its arguments, or null for none
     * @param timeout how long to wait for the answer
     * @throws QmpException.Refused if QEMU answers with an error
     * @throws QmpException.TimedOut if no answer comes in time
     * @throws QmpException.Closed if the connection is or gets closed
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    JsonNode execute(String command, ObjectNode arguments, Duration timeout)
            throws QmpException, InterruptedException {
        long id = nextId.getAndIncrement();
        ObjectNode message = JSON.createObjectNode().put("execute", command);
        if (arguments != null) {
            message.set("arguments", arguments);
        }
        message.put("id", id);
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        pending.put(id, new Pending(command, answer));
        try {
            // ended() may have gone through the map before this command was in it
            if (closedReason != null) {
                throw new QmpException.Closed(closedReason, null);
            }
            send(message);
            return take(answer, command, timeout);
        } finally {
            pending.remove(id);
        }
    }

    /**
     * Closes the connection; waiting commands end with {@link QmpException.Closed}. May be called
     * twice.
     */
    @Override
    public void close() {
        if (closedReason == null) {
            closedReason = "the manager closed the QMP connection " + socket;
        }
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("closing {}: {}", socket, e.getMessage());
        }
    }

    private void startThread(String role, Runnable body) {
        Thread thread = new Thread(body, role + " " + socket.getParent().getFileName());
        thread.setDaemon(true);
        thread.start();
    }

    private JsonNode take(CompletableFuture<JsonNode> future, String what, Duration timeout)
            throws QmpException, InterruptedException {
        try {
            return future.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new QmpException.TimedOut("QEMU did not answer " + what + " within "
                    + timeout.toMillis() + " ms on " + socket);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof QmpException.Refused refused) {
                throw refused;
            }
            throw new QmpException.Closed(e.getCause().getMessage(), e.getCause());
        }
    }

    private void send(ObjectNode message) throws QmpException {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(
                    (JSON.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8));
            synchronized (writeLock) {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        } catch (IOException e) {
            String reason = closedReason != null
                    ? closedReason
                    : "QEMU is gone: cannot write to " + socket + " (" + e.getMessage() + ")";
            throw new QmpException.Closed(reason, e);
        }
    }

    private void readLoop() {
        String reason = "QEMU closed the QMP connection " + socket;
        // read() on the channel itself: the stream adapters share one lock between reading and
        // writing
        ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            while (channel.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    byte b = buffer.get();
                    if (b != '\n') {
                        line.write(b);
                    } else {
                        received(line.toByteArray());
                        line.reset();
                    }
                }
                if (line.size() > LINE_LIMIT) {
                    throw new QmpException("a line longer than " + LINE_LIMIT + " bytes");
                }
                buffer.clear();
            }
        } catch (ClosedChannelException e) {
            log.debug("{} closed", socket);
        } catch (JsonProcessingException e) {
            reason = "what answers on " + socket + " does not speak QMP: " + e.getOriginalMessage();
        } catch (QmpException e) {
            reason = "what answers on " + socket + " does not speak QMP: " + e.getMessage();
        } catch (IOException e) {
            reason = "the QMP connection " + socket + " broke: " + e.getMessage();
        } finally {
            ended(reason);
        }
    }

    private void ended(String reason) {
        if (closedReason == null) {
            closedReason = reason;
        }
        close();
        QmpException.Closed closed = new QmpException.Closed(closedReason, null);
        greeting.completeExceptionally(closed);
        pending.values().forEach(waiting -> waiting.answer().completeExceptionally(closed));
        notices.add(listener -> listener.closed(closedReason));
        notices.add(END);
    }

    private void received(byte[] line) throws IOException {
        if (new String(line, StandardCharsets.UTF_8).isBlank()) {
            return;
        }
        JsonNode message = JSON.readTree(line);
        if (message.has("QMP")) {
            greeting.complete(message.get("QMP"));
        } else if (!greeting.isDone()) {
            throw new QmpException("no greeting");
        } else if (message.hasNonNull("event")) {
            JsonNode data = message.has("data") ? message.get("data") : JSON.createObjectNode();
            QmpEvent event = new QmpEvent(message.get("event").asText(), data, System.nanoTime());
            notices.add(listener -> listener.event(event));
        } else {
            answered(message);
        }
    }

    private void answered(JsonNode message) {
        Pending waiting = pending.get(message.path("id").asLong(-1));
        if (waiting == null) {
            log.warn("{}: late answer, its command timed out: {}", socket, message);
        } else if (message.has("error")) {
            JsonNode error = message.get("error");
            waiting.answer()
                    .completeExceptionally(new QmpException.Refused(
                            waiting.command(),
                            error.path("class").asText("GenericError"),
                            error.path("desc").asText("no description")));
        } else {
            waiting.answer().complete(message.path("return"));
        }
    }

    @SuppressWarnings("UnnecessaryLambda") // an object to be compared with
    private static final Consumer<QmpListener> END = listener -> {};

    private void deliver(QmpListener listener) {
        try {
            for (var notice = notices.take(); notice != END; notice = notices.take()) {
                try {
                    notice.accept(listener);
                } catch (RuntimeException e) { // one bad event must not silence the later ones
                    log.error("{}: the listener failed on an event", socket, e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
