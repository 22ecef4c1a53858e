// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Speaks with a manager as other programs do: it knows JSON, and none of our records. */
public final class JsonClient {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path socket;

    /** Makes a client; it connects for each request. */
    public JsonClient(Path socket) {
        this.socket = socket;
    }

    /** Asks, and returns all answers but the last, which says that it is the last. */
    public List<ObjectNode> ask(ObjectNode request) throws ControlException {
        List<ObjectNode> answers = new ArrayList<>();
        follow(request, answers::add);
        return answers;
    }

    /** Asks, and hands over each answer as it comes. */
    public void follow(ObjectNode request, Consumer<ObjectNode> consumer) throws ControlException {
        byte[] body = request.toString().getBytes(StandardCharsets.UTF_8);
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                BufferedReader reader =
                        new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            channel.write(ByteBuffer.wrap(
                    ("request " + body.length + "\n").getBytes(StandardCharsets.US_ASCII)));
            channel.write(ByteBuffer.wrap(body));
            ObjectNode answer = (ObjectNode) JSON.readTree(reader.readLine());
            while (!answer.path("done").asBoolean()) {
                consumer.accept(answer);
                answer = (ObjectNode) JSON.readTree(reader.readLine());
            }
            if (answer.has("error")) {
                throw new ControlException(answer.get("error").asText());
            }
        } catch (IOException e) {
            throw new ControlException("the connection to sim-manager broke: " + e.getMessage(), e);
        }
    }
}
