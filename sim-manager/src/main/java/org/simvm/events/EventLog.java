// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.simvm.state.LineFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events as JSON lines to a file that rotates by size: {@code events.jsonl}, then
 * {@code events.jsonl.1} (the youngest of the old ones), {@code .2} and so on. Files are 0640; a
 * line is never split over two files. Several domains may share one.
 *
 * <p>A disk that is full costs events, never the manager: they are counted, the log says so once,
 * and again when writing has worked for some seconds.
 */
public final class EventLog implements EventSink {
    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);
    private static final int BUFFER = 256 << 10;
    /**
     * On a disk that is nearly full some batches still fit: an outage is over when none failed for
     * so long.
     */
    private static final long OUTAGE_NANOS = 5_000_000_000L;

    private final Path file;
    private final long maxBytes;
    private final int keep;
    private final JsonLines lines;
    private final LineBuffer buffer = new LineBuffer();
    private final JsonGenerator json;
    private FileChannel channel;
    private long size;
    private long buffered;
    private volatile long lost;
    private boolean failing;
    private long lastFailure;

    /**
     * Opens the log; goes on with an old file.
     *
     * @param maxBytes size at which the file is put aside, at least 64 KiB
     * @param keep how many old files stay, 0..1000
     * @throws IOException if the file can't be opened
     */
    public EventLog(Path file, long maxBytes, int keep, EventNames names) throws IOException {
        if (maxBytes < 64 << 10 || keep < 0 || keep > 1000) {
            throw new IllegalArgumentException(
                    "event log of " + maxBytes + " bytes, " + keep + " old files");
        }
        this.file = file;
        this.maxBytes = maxBytes;
        this.keep = keep;
        this.lines = new JsonLines(names);
        this.json = JsonLines.generator(buffer);
        open();
    }

    @Override
    public void accept(Event event) {
        write(event, lines);
    }

    /**
     * Returns a sink for another domain that writes to this log too, and leaves it open when it is
     * closed.
     */
    public EventSink with(EventNames names) {
        JsonLines named = new JsonLines(names);
        return new EventSink() {
            @Override
            public void accept(Event event) {
                write(event, named);
            }

            @Override
            public void settle() {
                flush();
            }
        };
    }

    private synchronized void write(Event event, JsonLines named) {
        try {
            named.write(json, event);
            json.flush();
        } catch (IOException error) {
            throw new IllegalStateException("a buffer in memory doesn't fail", error);
        }
        buffered++;
        if (buffer.size() >= BUFFER) {
            flush();
        }
    }

    /** Puts what is buffered into the file. */
    @Override
    public void settle() {
        flush();
    }

    /** Counts the events that could not be written. */
    public long lost() {
        return lost;
    }

    @Override
    public synchronized void close() {
        flush();
        closeChannel();
    }

    private synchronized void flush() {
        if (buffer.size() == 0) {
            return;
        }
        try {
            if (channel == null) {
                open();
            }
            if (size > 0 && size + buffer.size() > maxBytes) {
                rotate();
            }
            ByteBuffer bytes = buffer.view();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            size += buffer.size();
            if (failing && System.nanoTime() - lastFailure > OUTAGE_NANOS) {
                failing = false;
                LOG.info("{}: events are written again; {} were lost", file, lost);
            }
        } catch (IOException error) {
            lost += buffered;
            lastFailure = System.nanoTime();
            if (!failing) {
                failing = true;
                LOG.error(
                        "{}: events can't be written and are lost ({}); make room or correct the"
                                + " permissions",
                        file,
                        error.toString());
            }
            cutBack();
        } finally {
            buffer.reset();
            buffered = 0;
        }
    }

    /** Takes away half a batch, so that no line is broken. */
    private void cutBack() {
        try {
            if (channel != null) {
                channel.truncate(size);
            }
        } catch (IOException error) {
            closeChannel();
        }
    }

    private void open() throws IOException {
        LineFiles.mend(file);
        channel = FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
        size = channel.size();
    }

    private void rotate() throws IOException {
        closeChannel();
        for (int i = keep; i > 0; i--) {
            Path younger = i == 1 ? file : numbered(i - 1);
            if (Files.exists(younger)) {
                Files.move(younger, numbered(i), StandardCopyOption.ATOMIC_MOVE);
            }
        }
        if (keep == 0) {
            Files.deleteIfExists(file);
        }
        open();
    }

    private Path numbered(int number) {
        return file.resolveSibling(file.getFileName() + "." + number);
    }

    private void closeChannel() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException error) {
            LOG.warn("{}: {}", file, error.toString());
        }
        channel = null;
    }

    /** Hands out its bytes without copying them. */
    private static final class LineBuffer extends ByteArrayOutputStream {
        LineBuffer() {
            super(BUFFER + (64 << 10));
        }

        ByteBuffer view() {
            return ByteBuffer.wrap(buf, 0, count);
        }
    }
}
