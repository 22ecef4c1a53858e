// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

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
import java.util.function.Predicate;
import org.simvm.protocol.Codec;
import org.simvm.protocol.ProtocolException;
import org.simvm.protocol.Reply;
import org.simvm.protocol.Verb;

/** Asks a running manager. */
public final class ControlClient {
    private static final int MAX_ANSWER = 64 << 20;

    private final Path socket;

    /** Makes a client; it connects for each request. */
    public ControlClient(Path socket) {
        this.socket = socket;
    }

    /**
     * Asks, and returns all answers.
     *
     * @throws ControlException as {@link #follow}
     */
    public <Q extends Record, A extends Record> List<A> ask(Verb<Q, A> verb, Q arguments)
            throws ControlException {
        List<A> answers = new ArrayList<>();
        follow(verb, arguments, answers::add);
        return answers;
    }

    /**
     * Asks what has one answer.
     *
     * @throws ControlException as {@link #follow}, or there is not one answer
     */
    public <Q extends Record, A extends Record> A askOne(Verb<Q, A> verb, Q arguments)
            throws ControlException {
        List<A> answers = ask(verb, arguments);
        if (answers.size() != 1) {
            throw new ControlException(
                    "sim-manager sent " + answers.size() + " answers instead of one");
        }
        return answers.get(0);
    }

    /**
     * Asks, and hands over each answer as it comes, until the manager says that it was all.
     *
     * @param consumer returns false to hang up
     * @throws ControlException no manager runs, the connection broke, or the manager's own error
     */
    public <Q extends Record, A extends Record> void follow(
            Verb<Q, A> verb, Q arguments, Predicate<A> consumer) throws ControlException {
        try (SocketChannel channel = connect()) {
            byte[] body = Codec.request(verb, arguments).getBytes(StandardCharsets.UTF_8);
            write(channel, ("request " + body.length + "\n").getBytes(StandardCharsets.US_ASCII));
            write(channel, body);
            read(new WireReader(channel), verb.answer(), consumer);
        } catch (ProtocolException e) {
            throw new ControlException(
                    "what answers on " + socket + " is not this version of sim-manager ("
                            + e.getMessage() + "); if it was upgraded, systemctl restart"
                            + " sim-manager",
                    e);
        } catch (IOException e) {
            throw new ControlException("the connection to sim-manager broke: " + e.getMessage(), e);
        }
    }

    private static <A extends Record> void read(
            WireReader reader, Class<A> type, Predicate<A> consumer)
            throws IOException, ControlException, ProtocolException {
        while (true) {
            String line = reader.line(MAX_ANSWER);
            if (line == null) {
                throw new ControlException(
                        "sim-manager closed the connection before it was done; is it shutting"
                                + " down? (systemctl status sim-manager)");
            }
            Reply<A> reply = Codec.reply(line, type);
            if (reply instanceof Reply.End<A> end) {
                if (end.error().isPresent()) {
                    throw new ControlException(end.error().get());
                }
                return;
            }
            if (!consumer.test(((Reply.Answer<A>) reply).value())) {
                return;
            }
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
                    "sim-manager is not running: nothing listens on " + socket
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
