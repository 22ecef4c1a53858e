// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs of one JSON object a line that are only appended to. */
public final class LineFiles {
    private static final Logger log = LoggerFactory.getLogger(LineFiles.class);
    private static final int CHUNK = 64 << 10;

    private LineFiles() {}

    /**
     * Cuts off the half line that a crash of the host may have left at the end, and says so, so
     * that what is appended begins a line.
     *
     * @param file need not be there
     */
    public static void mend(Path file) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mend(channel, file);
        } catch (NoSuchFileException e) {
            log.debug("{}: none yet", file);
        }
    }

    private static void mend(FileChannel channel, Path file) throws IOException {
        long size = channel.size();
        long end = size;
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        while (end > 0) {
            long from = Math.max(0, end - CHUNK);
            chunk.clear().limit((int) (end - from));
            while (chunk.hasRemaining() && channel.read(chunk, from + chunk.position()) > 0) {
                // on until the chunk is full
            }
            int newline = chunk.position() - 1;
            while (newline >= 0 && chunk.get(newline) != '\n') {
                newline--;
            }
            if (newline >= 0) {
                end = from + newline + 1;
                break;
            }
            end = from;
        }
        if (end < size) {
            channel.truncate(end);
            log.warn(
                    "{}: the last line was cut off by a crash; its {} bytes were taken away",
                    file,
                    size - end);
        }
    }
}
