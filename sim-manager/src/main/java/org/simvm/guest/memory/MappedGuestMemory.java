// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * Guest RAM mapped read-only into this process, at most 1 GiB in one mapping.
 *
 * <p>{@link #close} gives the guest's pages back to the host at once and never waits. Any read that
 * it overtakes, and every later one, throws {@link GuestMemoryException}; none crashes the process.
 *
 * <p>A file that is cut short while it is mapped shows as {@link GuestMemoryException} too, or,
 * where the JVM notices only after the read, as {@link InternalError} in the reading thread. No
 * guest can bring that about, and QEMU seals a memfd against it.
 */
public final class MappedGuestMemory implements GuestMemory, AutoCloseable {
    /**
     * Bytes in one mapping: {@link MappedByteBuffer} ends at 2 GiB, and 1 GiB suits every huge page
     * size.
     */
    static final long CHUNK_SIZE = 1L << 30;

    private final Chunk[] chunks;
    private final long[] starts;
    private final List<GuestRange> ranges;
    private volatile boolean closed;

    private record Chunk(long gpa, MappedByteBuffer bytes) {
        long end() {
            return gpa + bytes.capacity();
        }
    }

    private MappedGuestMemory(List<Chunk> chunks, List<GuestRange> ranges) {
        this.chunks = chunks.toArray(Chunk[]::new);
        this.starts = chunks.stream().mapToLong(Chunk::gpa).toArray();
        this.ranges = ranges;
    }

    /**
     * Maps the blocks read-only.
     *
     * @param blocks at least one, in any order
     * @throws IOException if a file can't be opened or is shorter than a block says, or if two
     *     blocks claim the same address; the message is one line with the block and the reason, and
     *     nothing stays mapped
     */
    public static MappedGuestMemory map(Collection<RamBlock> blocks) throws IOException {
        List<RamBlock> sorted =
                blocks.stream().sorted(Comparator.comparingLong(RamBlock::gpa)).toList();
        if (sorted.isEmpty()) {
            throw new IOException("guest memory: no RAM block given, nothing to map");
        }
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i).gpa() < sorted.get(i - 1).range().end()) {
                throw new IOException(String.format(
                        "guest memory: RAM blocks at 0x%x and 0x%x overlap",
                        sorted.get(i - 1).gpa(), sorted.get(i).gpa()));
            }
        }
        HostMapping.prepare();
        List<Chunk> chunks = new ArrayList<>();
        try {
            for (RamBlock block : sorted) {
                mapBlock(block, chunks);
            }
        } catch (IOException e) {
            chunks.forEach(chunk -> HostMapping.replaceByZeros(chunk.bytes()));
            throw e;
        }
        return new MappedGuestMemory(
                chunks, sorted.stream().map(RamBlock::range).toList());
    }

    private static void mapBlock(RamBlock block, List<Chunk> chunks) throws IOException {
        try (FileChannel file = FileChannel.open(block.file(), StandardOpenOption.READ)) {
            if (file.size() - block.offset() < block.size()) {
                throw new IOException(String.format(
                        "file has %d bytes, the block ends at %d",
                        file.size(), block.offset() + block.size()));
            }
            // Cut where the file offset is a multiple of the chunk size: files of huge pages demand
            // alignment.
            for (long done = 0, length; done < block.size(); done += length) {
                long offset = block.offset() + done;
                length = Math.min(block.size() - done, CHUNK_SIZE - offset % CHUNK_SIZE);
                MappedByteBuffer bytes = file.map(FileChannel.MapMode.READ_ONLY, offset, length);
                bytes.order(ByteOrder.LITTLE_ENDIAN);
                chunks.add(new Chunk(block.gpa() + done, bytes));
            }
        } catch (IOException e) {
            throw new IOException(
                    String.format(
                            "guest memory at 0x%x: cannot map %d bytes of %s: %s",
                            block.gpa(), block.size(), block.file(), reason(e)),
                    e);
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    @Override
    public List<GuestRange> ranges() {
        return ranges;
    }

    @Override
    public long readLong(long gpa) throws GuestMemoryException {
        Chunk chunk = chunkOf(gpa);
        if (gpa > chunk.end() - Long.BYTES) {
            return GuestMemory.super.readLong(gpa);
        }
        try {
            long value = chunk.bytes().getLong((int) (gpa - chunk.gpa()));
            ensureStillOpen(gpa);
            return value;
        } catch (InternalError e) {
            throw gone(gpa, e);
        }
    }

    @Override
    public int readInt(long gpa) throws GuestMemoryException {
        Chunk chunk = chunkOf(gpa);
        if (gpa > chunk.end() - Integer.BYTES) {
            return GuestMemory.super.readInt(gpa);
        }
        try {
            int value = chunk.bytes().getInt((int) (gpa - chunk.gpa()));
            ensureStillOpen(gpa);
            return value;
        } catch (InternalError e) {
            throw gone(gpa, e);
        }
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) throws GuestMemoryException {
        Objects.checkFromIndexSize(offset, length, target.length);
        try {
            int done = 0;
            while (done < length) {
                Chunk chunk = chunkOf(gpa + done);
                int part = (int) Math.min(length - done, chunk.end() - (gpa + done));
                chunk.bytes().get((int) (gpa + done - chunk.gpa()), target, offset + done, part);
                done += part;
            }
            ensureStillOpen(gpa);
        } catch (InternalError e) {
            throw gone(gpa, e);
        }
    }

    @Override
    public void visit(long gpa, long length, SliceVisitor visitor) throws GuestMemoryException {
        if (length < 0 || gpa < 0 || gpa > Long.MAX_VALUE - length) {
            throw GuestMemoryException.notRam(gpa, length);
        }
        long end = gpa + length;
        for (long at = gpa; at < end; at = chunkOf(at).end()) {
            chunkOf(at);
        }
        try {
            for (long at = gpa; at < end; ) {
                Chunk chunk = chunkOf(at);
                int part = (int) Math.min(end - at, chunk.end() - at);
                visitor.visit(
                        at,
                        chunk.bytes()
                                .slice((int) (at - chunk.gpa()), part)
                                .order(ByteOrder.LITTLE_ENDIAN));
                ensureStillOpen(at);
                at += part;
            }
        } catch (InternalError e) {
            throw gone(gpa, e);
        }
    }

    /**
     * Lets go of the pages that reads so far brought into this process, so that they no longer
     * count as its memory.
     *
     * <p>Reads go on as before, only slower for the first access to each page.
     */
    public void forgetTouchedPages() {
        synchronized (chunks) {
            if (!closed) {
                for (Chunk chunk : chunks) {
                    HostMapping.forgetPages(chunk.bytes());
                }
            }
        }
    }

    /** Gives the guest's pages back; every read from now on throws. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (chunks) {
            if (!closed) {
                closed = true;
                for (Chunk chunk : chunks) {
                    HostMapping.replaceByZeros(chunk.bytes());
                }
            }
        }
    }

    /** Returns the chunk that holds the byte at {@code gpa}. */
    private Chunk chunkOf(long gpa) throws GuestMemoryException {
        if (closed) {
            throw closed(gpa);
        }
        int low = 0;
        int high = starts.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (starts[middle] <= gpa) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Chunk chunk = chunks[low];
        if (gpa < chunk.gpa() || gpa >= chunk.end()) {
            throw GuestMemoryException.notRam(gpa, 1);
        }
        return chunk;
    }

    /** Throws if the memory was closed before the bytes that were just read had all been read. */
    private void ensureStillOpen(long gpa) throws GuestMemoryException {
        // The closer sets the mark first and takes the pages second, so read in the opposite order.
        VarHandle.loadLoadFence();
        if (closed) {
            throw closed(gpa);
        }
    }

    private static GuestMemoryException closed(long gpa) {
        return new GuestMemoryException(
                gpa,
                String.format(
                        "guest-physical address 0x%x: guest memory is closed (the guest has "
                                + "stopped)",
                        gpa));
    }

    /** The JVM reports SIGBUS in a mapping this way: the file became shorter under the mapping. */
    private static GuestMemoryException gone(long gpa, InternalError e) {
        return new GuestMemoryException(
                gpa,
                String.format(
                        "guest-physical address 0x%x: the file behind guest memory was cut short",
                        gpa),
                e);
    }
}
