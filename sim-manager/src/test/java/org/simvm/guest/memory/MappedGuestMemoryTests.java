// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Mapped guest memory")
class MappedGuestMemoryTests {
    private static final long GIB = 1L << 30;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void makeFile() {
        file = folder.resolve("ram");
    }

    private void write(long offset, byte[] bytes) throws IOException {
        try (RandomAccessFile ram = new RandomAccessFile(file.toFile(), "rw")) {
            ram.seek(offset);
            ram.write(bytes);
        }
    }

    private void resize(long size) throws IOException {
        try (RandomAccessFile ram = new RandomAccessFile(file.toFile(), "rw")) {
            ram.setLength(size);
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    @Nested
    @DisplayName("of a guest with RAM below and above 4 GiB")
    class Split {
        private MappedGuestMemory map() throws IOException {
            resize(5 * GIB);
            return MappedGuestMemory.map(List.of(
                    new RamBlock(4 * GIB, 2 * GIB, file, 3 * GIB),
                    new RamBlock(0, 3 * GIB, file, 0)));
        }

        @Test
        void readsBothSides() throws Exception {
            write(0x1000, new byte[] {1, 2, 3, 4, 5, 6, 7, (byte) 0x88});
            write(5 * GIB - 8, new byte[] {9, 0, 0, 0, 0, 0, 0, 0});
            try (MappedGuestMemory memory = map()) {
                assertEquals(0x8807060504030201L, memory.readLong(0x1000));
                assertEquals(0x04030201, memory.readInt(0x1000));
                assertEquals(0x0201, memory.readShort(0x1000));
                assertEquals((byte) 0x88, memory.readByte(0x1007));
                assertEquals(9, memory.readLong(6 * GIB - 8));
            }
        }

        @Test
        void readsAndVisitsAcrossMappings() throws Exception {
            byte[] expected = random(64);
            write(2 * GIB - 32, expected);
            try (MappedGuestMemory memory = map()) {
                byte[] actual = new byte[64];
                memory.read(2 * GIB - 32, actual, 0, 64);
                assertArrayEquals(expected, actual);
                assertEquals(
                        ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).getLong(28),
                        memory.readLong(2 * GIB - 4));

                List<Long> addresses = new ArrayList<>();
                ByteBuffer seen = ByteBuffer.allocate(64);
                memory.visit(2 * GIB - 32, 64, (gpa, slice) -> {
                    addresses.add(gpa);
                    seen.put(slice);
                });
                assertArrayEquals(expected, seen.array());
                assertEquals(List.of(2 * GIB - 32, 2 * GIB), addresses);
            }
        }

        @Test
        void refusesTheHoleAndWhatReachesIntoIt() throws Exception {
            try (MappedGuestMemory memory = map()) {
                GuestMemoryException hole =
                        assertThrows(GuestMemoryException.class, () -> memory.readLong(3 * GIB));
                assertEquals(3 * GIB, hole.address());
                assertEquals(
                        "guest-physical address 0xc0000000 (1 bytes) is not guest RAM",
                        hole.getMessage());
                assertThrows(GuestMemoryException.class, () -> memory.readLong(3 * GIB - 4));
                assertThrows(GuestMemoryException.class, () -> memory.readLong(6 * GIB));
                assertThrows(GuestMemoryException.class, () -> memory.readInt(-1));
                assertThrows(GuestMemoryException.class, () -> memory.readLong(Long.MAX_VALUE));
                assertThrows(GuestMemoryException.class, () -> memory.readLong(Long.MIN_VALUE));
                assertThrows(
                        GuestMemoryException.class,
                        () -> memory.visit(3 * GIB - 4096, 8192, (gpa, slice) -> {
                            throw new AssertionError(
                                    "nothing may be shown before all of it is known to be RAM");
                        }));
                assertThrows(
                        GuestMemoryException.class,
                        () -> memory.visit(0, Long.MAX_VALUE, (gpa, slice) -> {}));
                assertThrows(
                        GuestMemoryException.class, () -> memory.visit(0, -1, (gpa, slice) -> {}));
            }
        }

        @Test
        void tellsItsRangesInOrder() throws Exception {
            try (MappedGuestMemory memory = map()) {
                assertEquals(
                        List.of(new GuestRange(0, 3 * GIB), new GuestRange(4 * GIB, 2 * GIB)),
                        memory.ranges());
            }
        }
    }

    @Test
    void seesWhatIsWrittenLater() throws Exception {
        resize(4096);
        try (MappedGuestMemory memory =
                MappedGuestMemory.map(List.of(new RamBlock(0, 4096, file, 0)))) {
            assertEquals(0, memory.readByte(7));
            write(7, new byte[] {42});
            assertEquals(42, memory.readByte(7));
            memory.forgetTouchedPages();
            assertEquals(42, memory.readByte(7));
        }
    }

    @Test
    void slicesAreReadOnlyAndSuitAChecksum() throws Exception {
        byte[] bytes = random(8192);
        write(0, bytes);
        try (MappedGuestMemory memory =
                MappedGuestMemory.map(List.of(new RamBlock(0, 8192, file, 0)))) {
            CRC32 expected = new CRC32();
            expected.update(bytes);
            CRC32 actual = new CRC32();
            memory.visit(0, 8192, (gpa, slice) -> {
                assertTrue(slice.isReadOnly());
                assertEquals(ByteOrder.LITTLE_ENDIAN, slice.order());
                actual.update(slice);
            });
            assertEquals(expected.getValue(), actual.getValue());
        }
    }

    @Nested
    @DisplayName("that is refused")
    class Refused {
        @Test
        void namesAFileThatIsTooShort() throws Exception {
            resize(4096);
            IOException e = assertThrows(
                    IOException.class,
                    () -> MappedGuestMemory.map(List.of(
                            new RamBlock(0, 4096, file, 0), new RamBlock(8192, 8192, file, 0))));
            assertEquals(
                    "guest memory at 0x2000: cannot map 8192 bytes of " + file
                            + ": file has 4096 bytes, the block ends at 8192",
                    e.getMessage());
        }

        @Test
        void namesAFileThatIsMissing() {
            IOException e = assertThrows(
                    IOException.class,
                    () -> MappedGuestMemory.map(List.of(new RamBlock(0, 4096, file, 0))));
            assertTrue(
                    e.getMessage()
                            .startsWith("guest memory at 0x0: cannot map 4096 bytes of " + file),
                    e.getMessage());
        }

        @Test
        void namesBlocksThatOverlap() throws Exception {
            resize(16384);
            IOException e = assertThrows(
                    IOException.class,
                    () -> MappedGuestMemory.map(List.of(
                            new RamBlock(4096, 8192, file, 0), new RamBlock(0, 8192, file, 8192))));
            assertEquals("guest memory: RAM blocks at 0x0 and 0x1000 overlap", e.getMessage());
        }

        @Test
        void needsABlock() {
            assertThrows(IOException.class, () -> MappedGuestMemory.map(List.of()));
        }

        @Test
        void aBlockIsMadeOfPages() {
            assertThrows(IllegalArgumentException.class, () -> new RamBlock(1, 4096, file, 0));
            assertThrows(IllegalArgumentException.class, () -> new RamBlock(0, 4095, file, 0));
            assertThrows(IllegalArgumentException.class, () -> new RamBlock(0, 4096, file, 8));
            assertThrows(IllegalArgumentException.class, () -> new RamBlock(-4096, 4096, file, 0));
            assertThrows(IllegalArgumentException.class, () -> new RamBlock(0, 0, file, 0));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new RamBlock(0, 4096, file, Long.MAX_VALUE & -4096L));
        }
    }

    @Nested
    @DisplayName("that is closed")
    class Closed {
        @Test
        void refusesEveryRead() throws Exception {
            resize(4096);
            MappedGuestMemory memory =
                    MappedGuestMemory.map(List.of(new RamBlock(0, 4096, file, 0)));
            memory.close();
            memory.close();
            GuestMemoryException e =
                    assertThrows(GuestMemoryException.class, () -> memory.readLong(8));
            assertEquals(
                    "guest-physical address 0x8: guest memory is closed (the guest has stopped)",
                    e.getMessage());
            assertThrows(GuestMemoryException.class, () -> memory.readByte(0));
            assertThrows(GuestMemoryException.class, () -> memory.read(0, new byte[8], 0, 8));
            assertThrows(
                    GuestMemoryException.class, () -> memory.visit(0, 4096, (gpa, slice) -> {}));
            memory.forgetTouchedPages();
        }

        @Test
        void lettingGoOfTheFileAtOnce() throws Exception {
            resize(4096);
            MappedGuestMemory memory =
                    MappedGuestMemory.map(List.of(new RamBlock(0, 4096, file, 0)));
            assertTrue(Files.readString(Path.of("/proc/self/maps")).contains(file.toString()));
            memory.close();
            assertFalse(Files.readString(Path.of("/proc/self/maps")).contains(file.toString()));
        }

        @Test
        void aSliceThatEscapedReadsZerosAndTheVisitFails() throws Exception {
            write(0, new byte[] {1, 2, 3, 4});
            resize(4096);
            MappedGuestMemory memory =
                    MappedGuestMemory.map(List.of(new RamBlock(0, 4096, file, 0)));
            List<ByteBuffer> escaped = new ArrayList<>();
            assertThrows(
                    GuestMemoryException.class,
                    () -> memory.visit(0, 4096, (gpa, slice) -> {
                        assertEquals(2, slice.get(1));
                        escaped.add(slice);
                        memory.close();
                    }));
            assertEquals(0, escaped.get(0).get(1));
        }

        @Test
        void neverHandsOutZerosThatTheGuestDidNotWrite() throws Exception {
            byte[] ones = new byte[1 << 20];
            Arrays.fill(ones, (byte) 1);
            write(0, ones);
            for (int round = 0; round < 200; round++) {
                MappedGuestMemory memory =
                        MappedGuestMemory.map(List.of(new RamBlock(0, ones.length, file, 0)));
                CountDownLatch reading = new CountDownLatch(1);
                CompletableFuture<Long> reader = CompletableFuture.supplyAsync(() -> {
                    for (long reads = 0; ; reads++) {
                        try {
                            byte[] bytes = new byte[64];
                            assertEquals(
                                    0x0101010101010101L,
                                    memory.readLong(reads * 4093 % (ones.length - 64)));
                            memory.read(reads * 4093 % (ones.length - 64), bytes, 0, 64);
                            assertEquals(1, bytes[(int) (reads % 64)]);
                        } catch (GuestMemoryException e) {
                            return reads;
                        }
                        reading.countDown();
                    }
                });
                reading.await();
                memory.close();
                assertTrue(
                        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> reader.get()) > 0);
            }
        }
    }

    @Test
    void aFileThatIsCutShortIsAnErrorNotACrash() throws Exception {
        resize(1 << 20);
        try (MappedGuestMemory memory =
                MappedGuestMemory.map(List.of(new RamBlock(0, 1 << 20, file, 0)))) {
            CompletableFuture<Throwable> failure = new CompletableFuture<>();
            Thread reader = new Thread(() -> {
                try {
                    while (true) {
                        memory.read(1 << 19, new byte[4096], 0, 4096);
                    }
                } catch (GuestMemoryException e) {
                    failure.complete(e);
                }
            });
            // The JVM may notice the fault only after the read has returned; then the error ends
            // the thread.
            reader.setUncaughtExceptionHandler((thread, e) -> failure.complete(e));
            reader.start();
            resize(0);
            Throwable e = failure.get(10, TimeUnit.SECONDS);
            if (e instanceof GuestMemoryException) {
                assertEquals(
                        "guest-physical address 0x80000: the file behind guest memory was cut "
                                + "short",
                        e.getMessage());
            } else {
                assertInstanceOf(InternalError.class, e);
            }
        }
    }
}
