// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The files of a {@link Spool} that hold its lines: segments, named by the sequence number of their
 * first line. Lines are appended to the last, whole or not at all. For one thread at a time;
 * {@link Force} alone needs no lock.
 */
final class SpoolSegments implements Closeable {
    private static final String SUFFIX = ".jsonl";

    private final Path directory;
    private final TreeMap<Long, Long> sizes = new TreeMap<>();
    private long bytes;
    private long next;
    private FileChannel tail;
    private boolean forced = true;

    private FileChannel head;
    private long headSegment = -1;

    /**
     * Opens those of a directory, or makes the first. A line at the end that the host's end broke
     * is cut off.
     */
    SpoolSegments(Path directory) throws IOException {
        this.directory = directory;
        find();
        openTail();
    }

    /** Returns the sequence number of the next line to be appended. */
    long next() {
        return next;
    }

    /** Counts the bytes of all segments. */
    long bytes() {
        return bytes;
    }

    long first() {
        return sizes.firstKey();
    }

    boolean contains(long segment) {
        return sizes.containsKey(segment);
    }

    /** Returns the bytes of a segment. */
    long size(long segment) {
        return sizes.get(segment);
    }

    /** Returns the bytes of the segment that is appended to. */
    long lastSize() {
        return sizes.lastEntry().getValue();
    }

    OptionalLong after(long segment) {
        Long higher = sizes.higherKey(segment);
        return higher == null ? OptionalLong.empty() : OptionalLong.of(higher);
    }

    /** Appends lines to the last segment. */
    void append(byte[] lines, long count) throws IOException {
        long size = lastSize();
        try {
            ByteBuffer buffer = ByteBuffer.wrap(lines);
            while (buffer.hasRemaining()) {
                tail.write(buffer);
            }
        } catch (IOException e) {
            tail.truncate(size); // so that no line is broken
            throw e;
        }
        sizes.put(sizes.lastKey(), size + lines.length);
        bytes += lines.length;
        next += count;
        forced = false;
    }

    /** Begins another segment. */
    void begin() throws IOException {
        FileChannel old = tail;
        if (!forced) {
            old.force(false);
        }
        sizes.put(next, 0L);
        try {
            openTail();
        } catch (IOException e) {
            sizes.remove(next);
            throw e;
        }
        old.close();
    }

    /**
     * Returns how what was appended is made safe from the end of the host; that may take long, and
     * needs no lock.
     */
    Force force() {
        FileChannel channel = tail;
        boolean needed = !forced;
        forced = true;
        return () -> {
            if (needed && channel.isOpen()) {
                channel.force(false);
            }
        };
    }

    /** Waits for the disk. */
    @FunctionalInterface
    interface Force {
        void run() throws IOException;
    }

    /** Reads at most {@code length} bytes of a segment. */
    byte[] read(long segment, long offset, int length) throws IOException {
        if (headSegment != segment) {
            closeHead();
            head = FileChannel.open(file(segment), StandardOpenOption.READ);
            headSegment = segment;
        }
        ByteBuffer buffer = ByteBuffer.allocate(length);
        int got = 1;
        while (buffer.hasRemaining() && got > 0) {
            got = head.read(buffer, offset + buffer.position());
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    void delete(long segment) throws IOException {
        if (headSegment == segment) {
            closeHead();
        }
        Files.deleteIfExists(file(segment));
        bytes -= sizes.remove(segment);
    }

    /** Returns where the last whole line ends. */
    static int lastLineEnd(byte[] text) {
        int end = text.length;
        while (end > 0 && text[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    private Path file(long segment) {
        return directory.resolve(String.format("%020d", segment) + SUFFIX);
    }

    private void find() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.matches("[0-9]{20}\\.jsonl")) {
                    sizes.put(Long.parseLong(name.substring(0, 20)), Files.size(file));
                }
            }
        }
        if (sizes.isEmpty()) {
            sizes.put(0L, 0L);
            return;
        }
        Map.Entry<Long, Long> last = sizes.lastEntry();
        byte[] text = Files.readAllBytes(file(last.getKey()));
        int end = lastLineEnd(text);
        if (end < text.length) { // the host went down in the middle of a line
            try (FileChannel file =
                    FileChannel.open(file(last.getKey()), StandardOpenOption.WRITE)) {
                file.truncate(end);
            }
        }
        sizes.put(last.getKey(), (long) end);
        next = last.getKey();
        for (int i = 0; i < end; i++) {
            if (text[i] == '\n') {
                next++;
            }
        }
        bytes = sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    private void openTail() throws IOException {
        tail = FileChannel.open(
                file(sizes.lastKey()),
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private void closeHead() throws IOException {
        if (head != null) {
            head.close();
        }
        head = null;
        headSegment = -1;
    }

    @Override
    public void close() throws IOException {
        tail.close();
        closeHead();
    }
}
