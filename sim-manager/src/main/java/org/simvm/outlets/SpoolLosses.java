// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The account of the lines that a {@link Spool} lost, and of how many of these were told; kept in
 * its file {@code lost}.
 */
final class SpoolLosses implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(SpoolLosses.class);

    private final FileChannel file;
    private long lost;
    private long told;

    SpoolLosses(Path directory) throws IOException {
        Path path = directory.resolve("lost");
        if (Files.exists(path) && Files.size(path) > 0) {
            try {
                String[] words = Files.readString(path, StandardCharsets.ISO_8859_1)
                        .strip()
                        .split(" +", 0);
                lost = Long.parseLong(words[0]);
                told = Long.parseLong(words[1]);
            } catch (NumberFormatException | IndexOutOfBoundsException e) {
                log.warn("{} makes no sense; notices that were lost before are not counted", path);
            }
        }
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** Counts those since the spool was made. */
    long lost() {
        return lost;
    }

    /** Counts those that nobody was told of. */
    long untold() {
        return lost - told;
    }

    void lose(long count) throws IOException {
        lost += count;
        write();
    }

    /** All were told. */
    void tell() throws IOException {
        told = lost;
        write();
    }

    /**
     * Overwrites in place: cheap enough to be done at each loss, and one write of a few bytes is
     * not torn by a kill.
     */
    private void write() throws IOException {
        file.write(
                ByteBuffer.wrap(String.format("%20d %20d%n", lost, told)
                        .getBytes(StandardCharsets.US_ASCII)),
                0);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
