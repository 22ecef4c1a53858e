// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A queue of lines of JSON on disk, bounded in bytes. One thread takes, any may append.
 *
 * <p>The directory holds segments, text files named by the sequence number of their first line; {@code position}, how far lines were
 * taken; and {@code lost}, how many did not fit since the spool was made, and how many of these were told. A line that was
 * appended is safe from the end of this process at once, and from the end of the host when {@link #force} has returned. A line
 * is taken at least once: after a crash the last ones taken may come again, with the same sequence number.
 *
 * <p>Lines that do not fit, or can't be written, are lost: the <em>newest</em> go, as how an attack began is worth more than how
 * it went on. They are counted, and as soon as there is room a line of kind {@code lost} says how many.
 */
final class Spool implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final int SEGMENTS = 16;
    private static final int SMALLEST_SEGMENT = 64 << 10;
    private static final String SUFFIX = ".jsonl";
    /** Kept free for the line that tells a loss. */
    private static final int RESERVE = 1024;
    /** At most what a sequence number adds to a line. */
    private static final int NUMBER_BYTES = 40;

    private final Path directory;
    private final String host;
    private final TreeMap<Long, Long> segments = new TreeMap<>();
    private long maxBytes;
    private long total;
    private long next;
    private FileChannel tail;
    private FileChannel lostFile;
    private boolean forced = true;

    private long readSegment;
    private long readOffset;
    private long readSequence;
    private FileChannel head;
    private long headSegment = -1;

    private long lost;
    private long lostTold;
    private boolean failing;
    private boolean closed;

    /** A line as it is taken. */
    record Entry(long sequence, byte[] line) {
    }

    /**
     * Opens a spool, or makes one.
     *
     * @param host named in lines of kind {@code lost}
     * @throws IOException the directory can't be used
     */
    Spool(Path directory, String host, long maxBytes) throws IOException {
        this.directory = directory;
        this.host = host;
        this.maxBytes = maxBytes;
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        readLost();
        findSegments();
        findPosition();
        openTail();
    }

    /** Changes the bound; lines that are there stay. */
    synchronized void maxBytes(long bytes) {
        maxBytes = bytes;
    }

    // --- appending ----------------------------------------------------------------------------------------------------

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
        long sequence = next;
        int fitted = 0;
        // Once full, nothing is taken until a segment's worth of room is there: the loss is one stretch, told once.
        boolean shut = lost > lostTold && total + maxBytes / SEGMENTS > maxBytes;
        boolean tells = lost > lostTold && !shut;
        if (tells) {
            put(bytes, sequence++, lossLine());
        }
        for (byte[] line : lines) {
            if (shut || total + bytes.size() + line.length + NUMBER_BYTES > maxBytes - RESERVE) {
                break;
            }
            put(bytes, sequence++, line);
            fitted++;
        }
        try {
            if (bytes.size() > 0) {
                write(bytes.toByteArray(), sequence - next);
                if (tells) {
                    lostTold = lost;
                    writeLost();
                }
            }
            failing = false;
        } catch (IOException e) {
            fitted = 0;
            if (!failing) {
                log.error("{}: notices can't be kept and are lost ({}); make room or correct the permissions", directory, e.toString());
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
        long count = lost - lostTold;
        return new Notice(Instant.now(), Notice.Kind.LOST, Notice.Severity.WARNING, Optional.empty(),
                count + " notices were lost because the spool was full", "{\"lost\":" + count + ",\"lostInAll\":" + lost + "}").line(host);
    }

    private void write(byte[] bytes, long count) throws IOException {
        long size = segments.lastEntry().getValue();
        if (size > 0 && size + bytes.length > Math.max(SMALLEST_SEGMENT, maxBytes / SEGMENTS)) {
            beginSegment();
            size = 0;
        }
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                tail.write(buffer);
            }
        } catch (IOException e) {
            tail.truncate(size); // so that no line is broken
            throw e;
        }
        segments.put(segments.lastKey(), size + bytes.length);
        total += bytes.length;
        next += count;
        forced = false;
    }

    private void beginSegment() throws IOException {
        FileChannel old = tail;
        if (!forced) {
            old.force(false);
        }
        segments.put(next, 0L);
        try {
            openTail();
        } catch (IOException e) {
            segments.remove(next);
            throw e;
        }
        old.close();
    }

    private void lose(long count) {
        if (lost == lostTold) {
            log.warn("{}: the spool is full ({} bytes); notices are lost, and counted, until the receiver takes some", directory, total);
        }
        lost += count;
        try {
            writeLost();
        } catch (IOException e) {
            log.debug("{}: {}", directory, e.toString()); // told by append already, or the count in memory is enough
        }
    }

    /** Makes what was appended safe from the end of the host. */
    void force() throws IOException {
        FileChannel channel;
        synchronized (this) {
            if (forced || closed) {
                return;
            }
            forced = true;
            channel = tail;
        }
        if (channel.isOpen()) {
            channel.force(false);
        }
    }

    // --- taking -------------------------------------------------------------------------------------------------------

    /**
     * Waits until there is a line.
     *
     * @return false if the spool was closed
     */
    synchronized boolean await() throws InterruptedException {
        while (!closed && readSequence >= next) {
            wait();
        }
        return !closed;
    }

    /** Counts the lines that wait. */
    synchronized long waiting() {
        return next - readSequence;
    }

    /** Counts the bytes that the spool takes. */
    synchronized long bytes() {
        return total;
    }

    /** Counts the lines that were lost since the spool was made. */
    synchronized long lost() {
        return lost;
    }

    /**
     * Returns the oldest lines, and leaves them where they are.
     *
     * @param most at most so many, at least one if there is any
     * @param mostBytes about so many bytes; one line may have more
     */
    synchronized List<Entry> peek(int most, int mostBytes) throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (closed || readSequence >= next) {
            return entries;
        }
        dropDone();
        long left = segments.get(readSegment) - readOffset;
        byte[] bytes = read((int) Math.min(left, mostBytes));
        int end = lastLineEnd(bytes);
        while (end == 0 && bytes.length < left) { // one line that is longer
            bytes = read((int) Math.min(left, bytes.length * 2L));
            end = lastLineEnd(bytes);
        }
        int start = 0;
        for (int i = 0; i < end && entries.size() < most; i++) {
            if (bytes[i] == '\n') {
                entries.add(new Entry(readSequence + entries.size(), Arrays.copyOfRange(bytes, start, i)));
                start = i + 1;
            }
        }
        return entries;
    }

    private byte[] read(int length) throws IOException {
        if (headSegment != readSegment) {
            closeHead();
            head = FileChannel.open(segment(readSegment), StandardOpenOption.READ);
            headSegment = readSegment;
        }
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && head.read(buffer, readOffset + buffer.position()) > 0) {
            continue;
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static int lastLineEnd(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    /** Forgets lines that {@link #peek} returned, the first of them. */
    synchronized void remove(List<Entry> entries) throws IOException {
        for (Entry entry : entries) {
            readOffset += entry.line().length + 1;
            readSequence++;
        }
        if (readSequence == next && readOffset >= SMALLEST_SEGMENT) {
            beginSegment(); // everything was taken: what is on disk shall be what waits
        }
        writePosition();
        dropDone();
    }

    /** Deletes the segments that were taken wholly. The last one stays: its name and its lines say which number comes next. */
    private void dropDone() throws IOException {
        while (readOffset >= segments.get(readSegment) && segments.higherKey(readSegment) != null) {
            closeHead();
            long done = readSegment;
            readSegment = segments.higherKey(done);
            readSequence = readSegment;
            readOffset = 0;
            writePosition();
            Files.deleteIfExists(segment(done));
            total -= segments.remove(done);
        }
    }

    // --- the files ----------------------------------------------------------------------------------------------------

    private Path segment(long first) {
        return directory.resolve(String.format("%020d", first) + SUFFIX);
    }

    private void findSegments() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.matches("[0-9]{20}\\.jsonl")) {
                    segments.put(Long.parseLong(name.substring(0, 20)), Files.size(file));
                }
            }
        }
        if (segments.isEmpty()) {
            segments.put(0L, 0L);
            return;
        }
        Map.Entry<Long, Long> last = segments.lastEntry();
        byte[] bytes = Files.readAllBytes(segment(last.getKey()));
        int end = lastLineEnd(bytes);
        if (end < bytes.length) { // the host went down in the middle of a line
            try (FileChannel file = FileChannel.open(segment(last.getKey()), StandardOpenOption.WRITE)) {
                file.truncate(end);
            }
        }
        segments.put(last.getKey(), (long) end);
        next = last.getKey();
        for (int i = 0; i < end; i++) {
            if (bytes[i] == '\n') {
                next++;
            }
        }
        total = segments.values().stream().mapToLong(Long::longValue).sum();
    }

    private void findPosition() throws IOException {
        readSegment = segments.firstKey();
        readSequence = readSegment;
        Path file = directory.resolve("position");
        if (!Files.exists(file)) {
            return;
        }
        String[] words = Files.readString(file, StandardCharsets.ISO_8859_1).strip().split(" "); // whatever it holds
        try {
            long segment = Long.parseLong(words[0]);
            long offset = Long.parseLong(words[1]);
            long sequence = Long.parseLong(words[2]);
            if (segments.containsKey(segment) && offset <= segments.get(segment) && sequence >= segment && sequence <= next) {
                readSegment = segment;
                readOffset = offset;
                readSequence = sequence;
                return;
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            log.debug("{}: {}", file, e.toString());
        }
        log.warn("{} makes no sense; what lies in {} is sent from its beginning, perhaps for the second time", file, directory);
    }

    private void openTail() throws IOException {
        tail = FileChannel.open(segment(segments.lastKey()), Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.APPEND), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private void closeHead() throws IOException {
        if (head != null) {
            head.close();
        }
        head = null;
        headSegment = -1;
    }

    private void writePosition() throws IOException {
        // A position that a crash of the host took back has lines come twice, which is allowed for.
        StateFile.replace(directory.resolve("position"), StandardCharsets.US_ASCII.encode(readSegment + " " + readOffset + " "
                + readSequence + "\n"), StateFile.Safety.PROCESS);
    }

    private void readLost() throws IOException {
        Path file = directory.resolve("lost");
        if (Files.exists(file) && Files.size(file) > 0) {
            try {
                String[] words = Files.readString(file, StandardCharsets.ISO_8859_1).strip().split(" +");
                lost = Long.parseLong(words[0]);
                lostTold = Long.parseLong(words[1]);
            } catch (NumberFormatException | IndexOutOfBoundsException e) {
                log.warn("{} makes no sense; notices that were lost before are not counted", file);
            }
        }
        lostFile = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** Overwrites in place: cheap enough to be done at each loss, and one write of a few bytes is not torn by a kill. */
    private void writeLost() throws IOException {
        lostFile.write(ByteBuffer.wrap(String.format("%20d %20d%n", lost, lostTold).getBytes(StandardCharsets.US_ASCII)), 0);
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
            tail.close();
            lostFile.close();
            closeHead();
        }
    }
}
