// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** Reads lines and counted bytes from a socket, never more than the caller allows. */
final class WireReader {
    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(8192).flip();

    WireReader(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Reads up to a newline, which is cut off.
     *
     * @return null at the end of the stream
     * @throws IOException the line is longer than {@code limit} bytes, or the stream ends within it
     */
    String line(int limit) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(128);
        while (true) {
            if (!buffer.hasRemaining() && !fill()) {
                if (line.size() == 0) {
                    return null;
                }
                throw new IOException("the connection ended within a line");
            }
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n') {
                    return line.toString(StandardCharsets.UTF_8);
                }
                if (line.size() == limit) {
                    throw new IOException("a line longer than " + limit + " bytes");
                }
                line.write(next);
            }
        }
    }

    /** Reads exactly this many bytes of UTF-8. */
    String text(int length) throws IOException {
        byte[] bytes = new byte[length];
        int used = 0;
        while (used < length) {
            if (!buffer.hasRemaining() && !fill()) {
                throw new IOException(
                        "the connection ended " + (length - used) + " bytes too early");
            }
            int count = Math.min(buffer.remaining(), length - used);
            buffer.get(bytes, used, count);
            used += count;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Waits until the peer hangs up; what it still sends is thrown away. */
    void awaitEnd() throws IOException {
        do {
            buffer.position(buffer.limit());
        } while (fill());
    }

    private boolean fill() throws IOException {
        buffer.clear();
        int count = channel.read(buffer);
        buffer.flip();
        return count >= 0;
    }
}
