// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verb;

/** Peers of a control socket in tests. */
final class Peers {
    private Peers() {}

    static int counted(Path socket, int to) throws ControlException {
        return new ControlClient(socket)
                .ask(RecordingHandler.COUNT, new RecordingHandler.Count(to))
                .size();
    }

    static ControlException refused(Path socket, Verb<NoArguments, ?> verb) {
        return assertThrows(
                ControlException.class,
                () -> new ControlClient(socket).ask(verb, new NoArguments()));
    }

    /** Speaks plain bytes; returns all that comes back until the server hangs up. */
    static String talk(Path socket, String... parts) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            for (String part : parts) {
                channel.write(ByteBuffer.wrap(part.getBytes(StandardCharsets.UTF_8)));
            }
            ByteBuffer answer = ByteBuffer.allocate(65536);
            while (channel.read(answer) >= 0) {
                assertTrue(answer.hasRemaining(), "answer is too long");
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }
}
