// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;

/** The bytes of a region file, by offset; every error says what to do about it. */
final class RegionStorage implements AutoCloseable {
    private static final int ZEROS = 1 << 20;
    private static final String START_AGAIN = "; destroy the domain and start it again";

    private final Path path;
    private final FileChannel channel;

    private RegionStorage(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Makes a file of zeros, every page allocated, mode 0600, that appears under its name only when
     * it is complete; on failure nothing stays behind.
     *
     * @param first what its first page holds
     * @param owner user and group of the file, or null to leave the manager's own
     */
    static RegionStorage create(Path path, FileOwner owner, long size, ByteBuffer first)
            throws RegionException {
        Path unfinished = null;
        FileChannel channel = null;
        try {
            unfinished = Files.createTempFile(
                    path.toAbsolutePath().getParent(),
                    ".region-",
                    "",
                    PosixFilePermissions.asFileAttribute(EnumSet.of(
                            PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)));
            channel =
                    FileChannel.open(unfinished, StandardOpenOption.READ, StandardOpenOption.WRITE);
            RegionStorage storage = new RegionStorage(path, channel);
            storage.putZeros(0, size);
            storage.put(first, 0);
            if (owner != null) {
                Files.setAttribute(unfinished, "unix:uid", owner.uid());
                Files.setAttribute(unfinished, "unix:gid", owner.gid());
            }
            Files.move(
                    unfinished,
                    path,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            return storage;
        } catch (IOException | RuntimeException error) {
            discard(channel, unfinished);
            throw new RegionException(
                    String.format(
                            "can't write the region %s (%d KiB%s): %s; make room"
                                    + " there, or correct the permissions",
                            path,
                            size >> 10,
                            owner != null ? ", for user " + owner.uid() : "",
                            reason(error)),
                    error);
        }
    }

    /**
     * Opens a file that is there. QEMU's user can put something else in its place: a link is not
     * followed, and a FIFO that is opened for both directions does not block.
     */
    static RegionStorage open(Path path) throws RegionException {
        try {
            return new RegionStorage(
                    path,
                    FileChannel.open(
                            path,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            LinkOption.NOFOLLOW_LINKS));
        } catch (IOException error) {
            throw new RegionException(
                    path + ": can't be opened (" + reason(error) + ")" + START_AGAIN, error);
        }
    }

    /** Returns the size in bytes. */
    long size() throws RegionException {
        try {
            return channel.size();
        } catch (IOException error) {
            throw unreadable(error);
        }
    }

    /** Reads bytes; a file that ends before them is an error. */
    ByteBuffer read(long offset, int length) throws RegionException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, offset + bytes.position()) < 0) {
                    throw new RegionException(path + ": too short to be this region" + START_AGAIN);
                }
            }
        } catch (IOException error) {
            throw unreadable(error);
        }
        return bytes.flip();
    }

    private RegionException unreadable(IOException error) {
        return new RegionException(
                "can't read the region " + path + ": " + reason(error) + START_AGAIN, error);
    }

    void write(ByteBuffer bytes, long offset) throws RegionException {
        try {
            put(bytes, offset);
        } catch (IOException error) {
            throw unwritable(error);
        }
    }

    /**
     * Writes real zeros: a hole would be allocated by the guest's first write, and a full file
     * system would then kill QEMU.
     */
    void zero(long offset, long size) throws RegionException {
        try {
            putZeros(offset, size);
        } catch (IOException error) {
            throw unwritable(error);
        }
    }

    private RegionException unwritable(IOException error) {
        return new RegionException(
                "can't write the region " + path + ": " + reason(error) + START_AGAIN, error);
    }

    /** Maps part of the file, shared; the mapping outlives this object. */
    ByteBuffer map(long offset, long size) throws RegionException {
        try {
            return channel.map(FileChannel.MapMode.READ_WRITE, offset, size);
        } catch (IOException error) {
            throw new RegionException(
                    "can't map the ring of " + path + ": " + reason(error)
                            + "; give the manager more memory",
                    error);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException error) {
            throw new UncheckedIOException("can't close the region " + path, error);
        }
    }

    private void putZeros(long offset, long size) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(ZEROS, size));
        for (long done = 0; done < size; done += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), size - done));
            put(zeros, offset + done);
        }
    }

    private void put(ByteBuffer bytes, long offset) throws IOException {
        long at = offset;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    private static void discard(FileChannel channel, Path unfinished) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException error) {
            // The first error is the one to tell.
        }
        try {
            if (unfinished != null) {
                Files.deleteIfExists(unfinished);
            }
        } catch (IOException error) {
            // The first error is the one to tell.
        }
    }

    private static String reason(Exception error) {
        if (error instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (error instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (error instanceof FileSystemException system && system.getReason() != null) {
            return system.getReason();
        }
        return error.getMessage() != null
                ? error.getMessage()
                : error.getClass().getSimpleName();
    }
}
