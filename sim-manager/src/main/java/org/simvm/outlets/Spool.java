// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A queue of lines of JSON on disk, bounded in bytes. One thread takes, any may append.
 *
 * <p>The directory holds segments, text files named by the sequence number of their first line;
 * {@code position}, how far lines were taken; and {@code lost}, how many did not fit since the
 * spool was made, and how many of these were told. A line that was appended is safe from the end of
 * this process at once, and from the end of the host when {@link #force} has returned. A line is
 * taken at least once: after a crash the last ones taken may come again, with the same sequence
 * number.
 *
 * <p>Lines that do not fit, or can't be written, are lost: the <em>newest</em> go, as how an attack
 * began is worth more than how it went on. They are counted, and as soon as there is room a line of
 * kind {@code lost} says how many.
 */
final class Spool implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final int SEGMENTS = 16;
    private static final int SMALLEST_SEGMENT = 64 << 10;
    /** Kept free for the line that tells a loss. */
    private static final int RESERVE = 1024;
    /** At most what a sequence number adds to a line. */
    private static final int NUMBER_BYTES = 40;

    private final Path directory;
    private final String host;
    private final SpoolSegments segments;
    private final SpoolLosses losses;
    private long maxBytes;

    private long readSegment;
    private long readOffset;
    private long readSequence;

    private boolean failing;
    private boolean closed;

    /** A line as it is taken. */
    record Entry(long sequence, byte[] line) {}

    /**
     * Opens a spool, or makes one.
     *
     * @param host named in lines of the kind "lost"
     * @throws IOException the directory can't be used
     */
    Spool(Path directory, String host, long maxBytes) throws IOException {
        this.directory = directory;
        this.host = host;
        this.maxBytes = maxBytes;
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        losses = new SpoolLosses(directory);
        segments = new SpoolSegments(directory);
        findPosition();
    }

    /** Changes the bound; lines that are there stay. */
    synchronized void maxBytes(long bytes) {
        maxBytes = bytes;
    }

    // --- appending

    /**
     * Appends lines, each a JSON object; {@code sequence} is put in front of its members.
     *
     * @return how many fitted
     */
    synchronized int append(List<byte[]> lines) {
        if (closed) {
            return 0;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        long sequence = segments.next();
        int fitted = 0;
        // Once full, nothing is taken until a segment's worth of room is there: the loss is one
        // stretch, told once.
        boolean shut = losses.untold() > 0 && segments.bytes() + maxBytes / SEGMENTS > maxBytes;
        boolean tells = losses.untold() > 0 && !shut;
        if (tells) {
            put(bytes, sequence++, lossLine());
        }
        for (byte[] line : lines) {
            if (shut
                    || segments.bytes() + bytes.size() + line.length + NUMBER_BYTES
                            > maxBytes - RESERVE) {
                break;
            }
            put(bytes, sequence++, line);
            fitted++;
        }
        try {
            if (bytes.size() > 0) {
                write(bytes.toByteArray(), sequence - segments.next());
                if (tells) {
                    losses.tell();
                }
            }
            failing = false;
        } catch (IOException e) {
            fitted = 0;
            if (!failing) {
                log.error(
                        "{}: notices can't be kept and are lost ({}); make room or correct "
                                + "the permissions",
                        directory,
                        e.toString());
            }
            failing = true;
        }
        if (fitted < lines.size()) {
            lose(lines.size() - fitted);
        }
        notifyAll();
        return fitted;
    }

    private static void put(ByteArrayOutputStream bytes, long sequence, byte[] line) {
        bytes.writeBytes(("{\"sequence\":" + sequence + ",").getBytes(StandardCharsets.US_ASCII));
        bytes.write(line, 1, line.length - 1);
        bytes.write('\n');
    }

    private byte[] lossLine() {
        long count = losses.untold();
        return new Notice(
                        Instant.now(),
                        Notice.Kind.LOST,
                        Notice.Severity.WARNING,
                        Optional.empty(),
                        count + " notices were lost because the spool was full",
                        "{\"lost\":" + count + ",\"lostInAll\":" + losses.lost() + "}")
                .line(host);
    }

    private void write(byte[] lines, long count) throws IOException {
        long size = segments.lastSize();
        if (size > 0 && size + lines.length > Math.max(SMALLEST_SEGMENT, maxBytes / SEGMENTS)) {
            segments.begin();
        }
        segments.append(lines, count);
    }

    private void lose(long count) {
        if (losses.untold() == 0) {
            log.warn(
                    "{}: the spool is full ({} bytes); notices are lost, and counted, until "
                            + "the receiver takes some",
                    directory,
                    segments.bytes());
        }
        try {
            losses.lose(count);
        } catch (IOException e) {
            log.debug(
                    "{}: {}",
                    directory,
                    e.toString()); // told by append already, or the count in memory is enough
        }
    }

    /** Makes what was appended safe from the end of the host. */
    void force() throws IOException {
        SpoolSegments.Force force;
        synchronized (this) {
            if (closed) {
                return;
            }
            force = segments.force();
        }
        force.run();
    }

    // --- taking

    /**
     * Waits until there is a line.
     *
     * @return false if the spool was closed
     */
    synchronized boolean await() throws InterruptedException {
        while (!closed && readSequence >= segments.next()) {
            wait();
        }
        return !closed;
    }

    /** Counts the lines that wait. */
    synchronized long waiting() {
        return segments.next() - readSequence;
    }

    /** Counts the bytes that the spool takes. */
    synchronized long bytes() {
        return segments.bytes();
    }

    /** Counts the lines that were lost since the spool was made. */
    synchronized long lost() {
        return losses.lost();
    }

    /**
     * Returns the oldest lines, and leaves them where they are.
     *
     * @param most at most so many, at least one if there is any
     * @param mostBytes about so many bytes; one line may have more
     */
    synchronized List<Entry> peek(int most, int mostBytes) throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (closed || readSequence >= segments.next()) {
            return entries;
        }
        dropDone();
        long left = segments.size(readSegment) - readOffset;
        byte[] bytes = segments.read(readSegment, readOffset, (int) Math.min(left, mostBytes));
        int end = SpoolSegments.lastLineEnd(bytes);
        while (end == 0 && bytes.length < left) { // one line that is longer
            bytes = segments.read(readSegment, readOffset, (int) Math.min(left, bytes.length * 2L));
            end = SpoolSegments.lastLineEnd(bytes);
        }
        int start = 0;
        for (int i = 0; i < end && entries.size() < most; i++) {
            if (bytes[i] == '\n') {
                entries.add(new Entry(
                        readSequence + entries.size(), Arrays.copyOfRange(bytes, start, i)));
                start = i + 1;
            }
        }
        return entries;
    }

    /** Forgets lines that {@link #peek} returned, the first of them. */
    synchronized void remove(List<Entry> entries) throws IOException {
        for (Entry entry : entries) {
            readOffset += entry.line().length + 1;
            readSequence++;
        }
        if (readSequence == segments.next() && readOffset >= SMALLEST_SEGMENT) {
            segments.begin(); // everything was taken: what is on disk shall be what waits
        }
        writePosition();
        dropDone();
    }

    /**
     * Deletes the segments that were taken wholly. The last one stays: its name and its lines say
     * which number comes next.
     */
    private void dropDone() throws IOException {
        OptionalLong following = segments.after(readSegment);
        while (readOffset >= segments.size(readSegment) && following.isPresent()) {
            long done = readSegment;
            readSegment = following.getAsLong();
            readSequence = readSegment;
            readOffset = 0;
            writePosition();
            segments.delete(done);
            following = segments.after(readSegment);
        }
    }

    // --- the position

    private void findPosition() throws IOException {
        readSegment = segments.first();
        readSequence = readSegment;
        Path file = directory.resolve("position");
        if (!Files.exists(file)) {
            return;
        }
        String[] words = Files.readString(file, StandardCharsets.ISO_8859_1)
                .strip()
                .split(" ", 0); // whatever it holds
        try {
            long segment = Long.parseLong(words[0]);
            long offset = Long.parseLong(words[1]);
            long sequence = Long.parseLong(words[2]);
            if (segments.contains(segment)
                    && offset <= segments.size(segment)
                    && sequence >= segment
                    && sequence <= segments.next()) {
                readSegment = segment;
                readOffset = offset;
                readSequence = sequence;
                return;
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            log.debug("{}: {}", file, e.toString());
        }
        log.warn(
                "{} makes no sense; what lies in {} is sent from its beginning, perhaps for "
                        + "the second time",
                file,
                directory);
    }

    private void writePosition() throws IOException {
        // A position that a crash of the host took back has lines come twice, which is allowed for.
        StateFile.replace(
                directory.resolve("position"),
                StandardCharsets.US_ASCII.encode(
                        readSegment + " " + readOffset + " " + readSequence + "\n"),
                StateFile.Safety.PROCESS);
    }

    @Override
    public void close() throws IOException {
        force();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            notifyAll();
            segments.close();
            losses.close();
        }
    }
}
