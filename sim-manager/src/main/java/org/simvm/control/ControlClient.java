// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Asks a running manager. */
public final class ControlClient {
    private static final int MAX_ANSWER = 64 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path socket;

    /** Makes a client; it connects anew for each request. */
    public ControlClient(Path socket) {
        this.socket = socket;
    }

    /** Takes answers as they come. */
    @FunctionalInterface
    public interface AnswerConsumer {
        /**
         * Takes one answer.
         *
         * @return false to hang up
         */
        boolean accept(ObjectNode answer);
    }

    /** Asks, and returns all answers but the last, which only says that it is the last. */
    public List<ObjectNode> ask(ObjectNode request) throws ControlException {
        List<ObjectNode> answers = new ArrayList<>();
        follow(request, answers::add);
        return answers;
    }

    /**
     * Asks, and hands over each answer as it comes, until the manager says that it was all.
     *
     * @throws ControlException no manager runs, the connection broke, or the manager's own error
     */
    public void follow(ObjectNode request, AnswerConsumer consumer) throws ControlException {
        try (SocketChannel channel = connect()) {
            byte[] body = JSON.writeValueAsBytes(request);
            write(channel, ("request " + body.length + "\n").getBytes(StandardCharsets.US_ASCII));
            write(channel, body);
            WireReader reader = new WireReader(channel);
            while (true) {
                String line = reader.line(MAX_ANSWER);
                if (line == null) {
                    throw new ControlException(
                            "sim-manager closed the connection before it was done; is it shutting"
                                    + " down? (systemctl status sim-manager)");
                }
                ObjectNode answer = (ObjectNode) JSON.readTree(line);
                if (answer.path("done").asBoolean()) {
                    if (answer.hasNonNull("error")) {
                        throw new ControlException(answer.get("error").asText());
                    }
                    return;
                }
                if (!consumer.accept(answer)) {
                    return;
                }
            }
        } catch (JsonProcessingException | ClassCastException e) {
            throw new ControlException(
                    "what listens on " + socket + " is no sim-manager: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ControlException("the connection to sim-manager broke: " + e.getMessage(), e);
        }
    }

    private SocketChannel connect() throws ControlException {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (AccessDeniedException e) {
            throw new ControlException(
                    "no permission for " + socket + "; use sudo or join its group", e);
        } catch (IOException e) {
            if (Files.exists(socket) && !Files.isWritable(socket)) {
                throw new ControlException(
                        "no permission for " + socket + "; use sudo or join its group", e);
            }
            throw new ControlException(
                    "sim-manager does not run: nothing listens on " + socket
                            + " (systemctl start sim-manager)",
                    e);
        }
    }

    private static void write(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
