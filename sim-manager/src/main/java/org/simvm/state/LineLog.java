// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log of one JSON object a line that rotates by size: {@code NAME}, then {@code NAME.1} (the
 * youngest of the old files), {@code NAME.2} and so on. Lines that were appended together are in
 * one file, and no line is broken, whatever fails: half a line that a crash of the host left is cut
 * off before the first append.
 *
 * <p>A full disk costs lines, never the manager: they are counted, the manager's log says so once,
 * and again when writing has worked for {@value #OUTAGE_SECONDS} seconds.
 *
 * <p>Safe for concurrent use.
 */
public final class LineLog implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(LineLog.class);
    /** On a disk that is nearly full some lines still fit: an outage is not over with the first. */
    static final int OUTAGE_SECONDS = 5;

    private static final int CHUNK = 64 << 10;

    private final Path file;
    private final Format format;
    private final LongSupplier nanoClock;
    private FileChannel channel;
    private long size;
    private boolean mended;
    private long lost;
    private boolean failing;
    private long lastFailure;

    /**
     * How a log is kept.
     *
     * @param lines what its lines are, in the plural, for messages
     * @param maxBytes size that no file exceeds, unless by one append to an empty one
     * @param keep how many old files stay
     * @param mode permissions of files, as {@code rw-r-----}
     * @param safety what is true of lines when {@link #append} returns
     */
    public record Format(
            String lines, long maxBytes, int keep, String mode, StateFile.Safety safety) {}

    /** Makes a log that goes on with the file, if there is one. Nothing is opened yet. */
    public LineLog(Path file, Format format) {
        this(file, format, System::nanoTime);
    }

    LineLog(Path file, Format format, LongSupplier nanoClock) {
        this.file = file;
        this.format = format;
        this.nanoClock = nanoClock;
    }

    /**
     * Opens the file, which {@link #append} does when it must.
     *
     * @throws IOException if it can't be
     */
    public synchronized void open() throws IOException {
        if (channel != null) {
            return;
        }
        if (!mended) {
            mend();
            mended = true;
        }
        channel = FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString(format.mode())));
        size = channel.size();
    }

    /**
     * Appends whole lines to one file.
     *
     * @param count how many they are
     * @return whether they were written; else they are lost
     */
    public synchronized boolean append(ByteBuffer lines, long count) {
        try {
            open();
            if (size > 0 && size + lines.remaining() > format.maxBytes()) {
                rotate();
            }
            long written = 0;
            while (lines.hasRemaining()) {
                written += channel.write(lines);
            }
            if (format.safety() == StateFile.Safety.HOST) {
                channel.force(false);
            }
            size += written;
            if (failing
                    && nanoClock.getAsLong() - lastFailure
                            > TimeUnit.SECONDS.toNanos(OUTAGE_SECONDS)) {
                failing = false;
                log.info("{}: {} are written again; {} were lost", file, format.lines(), lost);
            }
            return true;
        } catch (IOException e) {
            lost += count;
            lastFailure = nanoClock.getAsLong();
            if (!failing) {
                failing = true;
                log.error(
                        "{}: {} can't be written and are lost ({}); make room or correct the "
                                + "permissions",
                        file,
                        format.lines(),
                        e.toString());
            }
            takeBack();
            return false;
        }
    }

    /** Removes what an append that failed has written. */
    private void takeBack() {
        try {
            if (channel != null) {
                channel.truncate(size);
            }
        } catch (IOException e) {
            mended = false;
            close();
        }
    }

    private void rotate() throws IOException {
        close();
        for (int i = format.keep(); i > 0; i--) {
            Path younger = i == 1 ? file : numbered(i - 1);
            if (Files.exists(younger)) {
                Files.move(younger, numbered(i), StandardCopyOption.ATOMIC_MOVE);
            }
        }
        if (format.keep() == 0) {
            Files.deleteIfExists(file);
        }
        open();
    }

    private Path numbered(int number) {
        return file.resolveSibling(file.getFileName() + "." + number);
    }

    private void mend() throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try (FileChannel opened =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long before = opened.size();
            long end = lastLineEnd(opened, before);
            if (end < before) {
                opened.truncate(end);
                log.warn(
                        "{}: the last line was cut off by a crash; its {} bytes were removed",
                        file,
                        before - end);
            }
        }
    }

    private static long lastLineEnd(FileChannel opened, long size) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        for (long end = size; end > 0; end = Math.max(0, end - CHUNK)) {
            long from = Math.max(0, end - CHUNK);
            chunk.clear().limit((int) (end - from));
            while (chunk.hasRemaining() && opened.read(chunk, from + chunk.position()) > 0) {
                // on until the chunk is full
            }
            for (int i = chunk.position() - 1; i >= 0; i--) {
                if (chunk.get(i) == '\n') {
                    return from + i + 1;
                }
            }
        }
        return 0;
    }

    /** Closes the file; the next append opens it again. */
    @Override
    public synchronized void close() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            log.warn("{}: {}", file, e.toString());
        }
        channel = null;
    }
}
