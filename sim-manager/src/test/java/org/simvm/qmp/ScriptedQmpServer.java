// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Serves QMP's wire protocol on a real Unix socket, for one client. */
public final class ScriptedQmpServer implements ScriptedQmp {
    static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\": 10}},"
                    + " \"capabilities\": [\"oob\"]}}";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ServerSocketChannel server;
    private final String greeting;
    private final Commands commands;
    private volatile SocketChannel client;
    private boolean negotiated;

    public ScriptedQmpServer(Path socket, Commands commands) throws IOException {
        this(socket, GREETING, commands);
    }

    ScriptedQmpServer(Path socket, String greeting, Commands commands) throws IOException {
        this.greeting = greeting;
        this.commands = commands;
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread thread = new Thread(this::serve, "scripted-qmp");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void emit(String event, ObjectNode data) {
        ObjectNode message = JSON.createObjectNode().put("event", event);
        message.set("data", data);
        message.putObject("timestamp").put("seconds", 1).put("microseconds", 2);
        send(message.toString());
    }

    /** Sends one line as it is. */
    public void send(String line) {
        SocketChannel channel = client;
        if (channel == null) {
            return;
        }
        synchronized (this) {
            try {
                ByteBuffer bytes =
                        ByteBuffer.wrap((line + "\r\n").getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void serve() {
        try (SocketChannel channel = server.accept()) {
            client = channel;
            send(greeting);
            Lines.forEach(channel, line -> {
                JsonNode message = JSON.readTree(line);
                ObjectNode answer = JSON.createObjectNode();
                try {
                    JsonNode result =
                            execute(message.path("execute").asText(), message.path("arguments"));
                    if (result == null) {
                        return;
                    }
                    answer.set("return", result);
                } catch (CommandError e) {
                    answer.putObject("error")
                            .put("class", "GenericError")
                            .put("desc", e.getMessage());
                }
                answer.set("id", message.path("id"));
                send(answer.toString());
            });
        } catch (IOException | UncheckedIOException e) {
            // the test closed one of the ends
        }
    }

    private JsonNode execute(String command, JsonNode arguments) {
        if (command.equals("qmp_capabilities")) {
            negotiated = true;
            return JSON.createObjectNode();
        }
        if (!negotiated) {
            throw new CommandError("Expecting capabilities negotiation with 'qmp_capabilities'");
        }
        return commands.execute(command, arguments);
    }

    @Override
    public void close() throws IOException {
        server.close();
        SocketChannel channel = client;
        if (channel != null) {
            channel.close();
        }
    }

    private interface Lines {
        interface Line {
            void accept(String line) throws IOException;
        }

        /** Reads with the channel's own read: stream adapters would lock out {@link #send}. */
        static void forEach(SocketChannel channel, Line consumer) throws IOException {
            StringBuilder pending = new StringBuilder();
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            while (channel.read(buffer) >= 0) {
                buffer.flip();
                pending.append(StandardCharsets.UTF_8.decode(buffer));
                buffer.clear();
                for (int end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n")) {
                    consumer.accept(pending.substring(0, end));
                    pending.delete(0, end + 1);
                }
            }
        }
    }
}
