// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A region file: created before boot, finalized at arming, reset with its guest. */
class RegionFileTests extends RegionFileFixture {
    @Nested
    class WhenCreated {
        @Test
        void isPrivateToItsOwnerAndOfFullSize() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                assertEquals(
                        "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
                assertEquals(8 * MIB, Files.size(path));
                assertTrue((int) Files.getAttribute(path, "unix:mode") != 0);
            }
        }

        @Test
        void belongsToTheUserOfQemu() throws Exception {
            Assumptions.assumeTrue(
                    "root".equals(System.getProperty("user.name")),
                    "skipped: only root can give files away");
            RegionFile.create(path, new FileOwner(64055, 104), plan).close();
            assertEquals(64055, Files.getAttribute(path, "unix:uid"));
            assertEquals(104, Files.getAttribute(path, "unix:gid"));
        }

        @Test
        void hasAHeaderAsTheAbiSaysAndSegmentsThatDoNotOverlap() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                ByteBuffer header =
                        ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
                assertEquals(
                        "SIMREGN1", new String(header.array(), 0, 8, StandardCharsets.US_ASCII));
                assertEquals(1, header.getInt(8));
                assertEquals(7 + 3 * 3, header.getInt(12));
                assertEquals(8 * MIB, header.getLong(16));
                assertEquals(0, header.getLong(24)); // QEMU chooses the area
                assertEquals(0, header.getLong(32));
                assertEquals(0x510, header.getInt(48));
                List<long[]> places = new ArrayList<>();
                for (int i = 0; i < header.getInt(12); i++) {
                    int at = 56 + i * 32;
                    assertTrue(ExamplePrograms.AREA.contains(
                            header.getLong(at + 16), header.getLong(at + 8)));
                    places.add(new long[] {
                        header.getLong(at), header.getLong(at) + header.getLong(at + 8)
                    });
                    assertEquals(file.layout().segments().get(i).gpa(), header.getLong(at + 16));
                }
                places.sort(Comparator.comparingLong(place -> place[0]));
                assertTrue(places.get(0)[0] >= 4096);
                for (int i = 1; i < places.size(); i++) {
                    assertTrue(places.get(i - 1)[1] <= places.get(i)[0]);
                }
                assertTrue(places.get(places.size() - 1)[1] <= 8 * MIB);
            }
        }

        @Test
        void replacesAnOldFile() throws Exception {
            Files.writeString(path, "old");
            RegionFile.create(path, null, plan).close();
            assertEquals(8 * MIB, Files.size(path));
        }

        @Test
        void leavesNothingBehindAndSaysWhyIfTheFolderIsMissing() {
            Path missing = folder.resolve("missing").resolve("region");
            RegionException error = assertThrows(
                    RegionException.class, () -> RegionFile.create(missing, null, plan));
            assertTrue(error.getMessage().contains("no such file or folder"), error.getMessage());
            assertFalse(Files.exists(missing));
        }

        @Test
        void leavesNothingBehindAndSaysWhyIfTheDiskIsFull() throws Exception {
            Path small = Files.createDirectory(folder.resolve("small"));
            Process mount = new ProcessBuilder(
                            "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small.toString())
                    .redirectErrorStream(true)
                    .start();
            Assumptions.assumeTrue(
                    mount.waitFor(10, TimeUnit.SECONDS) && mount.exitValue() == 0,
                    "skipped: can't mount a small tmpfs here");
            try {
                RegionException error = assertThrows(
                        RegionException.class,
                        () -> RegionFile.create(small.resolve("region"), null, plan));
                assertTrue(
                        error.getMessage().contains("No space left on device")
                                && error.getMessage().contains("8192 KiB"),
                        error.getMessage());
                try (Stream<Path> left = Files.list(small)) {
                    assertEquals(0, left.count());
                }
            } finally {
                new ProcessBuilder("umount", small.toString()).start().waitFor();
            }
        }

        @Test
        void refusesAParameterThatTheMonitorDoesNotKnow() {
            RegionPlan wrong = new RegionPlan(
                    plan.area(),
                    plan.fileSize(),
                    plan.guestMemory(),
                    1,
                    0x510,
                    plan.gate(),
                    plan.gates(),
                    plan.core(),
                    List.of(new RegionPlan.PlannedMonitor(
                            ExamplePrograms.program("syscalls"), Map.of("cals", "open"))));
            RegionException error =
                    assertThrows(RegionException.class, () -> RegionFile.create(path, null, wrong));
            assertEquals(
                    "monitor syscalls has no parameter cals; it has calls", error.getMessage());
            assertFalse(Files.exists(path));
        }

        @Test
        void saysHowLargeItMustBeIfItIsTooSmall() throws Exception {
            RegionPlan small = ExamplePrograms.plan(4096 * 20);
            RegionException error =
                    assertThrows(RegionException.class, () -> RegionFile.create(path, null, small));
            assertTrue(
                    error.getMessage().contains("80 KiB is too small")
                            && error.getMessage().contains("<sim:region>"),
                    error.getMessage());
            assertTrue(
                    error.getMessage()
                            .contains("need " + (RegionSize.requiredSize(small) >> 10) + " KiB"),
                    error.getMessage());
            RegionFile.create(path, null, ExamplePrograms.plan(RegionSize.requiredSize(small)))
                    .close();
            assertThrows(
                    RegionException.class,
                    () -> RegionFile.create(
                            path,
                            null,
                            ExamplePrograms.plan(RegionSize.requiredSize(small) - 4096)));
        }
    }

    @Nested
    class WhenReset {
        @Test
        void hasOtherAddressesAndNothingOfTheLastBoot() throws Exception {
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                RegionLayout first = file.finalizeImage(boot(4, 509)).layout();
                RegionLayout second = file.reset();
                for (int i = 0; i < first.segments().size(); i++) {
                    assertNotEquals(
                            first.segments().get(i).gpa(),
                            second.segments().get(i).gpa());
                }
                byte[] content = Files.readAllBytes(path);
                for (int i = 4096; i < content.length; i++) {
                    assertEquals(0, content[i]);
                }
                assertEquals(
                        0,
                        ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong(40));
                file.finalizeImage(boot(5, 508));
            }
        }
    }

    @Nested
    class WhenAttachedToByAnotherManager {
        @Test
        void findsTheLayoutAgain() throws Exception {
            RegionLayout before;
            try (RegionFile file = RegionFile.create(path, null, plan)) {
                before = file.finalizeImage(boot(4, 509)).layout();
            }
            try (RegionFile file = RegionFile.attach(path, plan)) {
                for (int i = 0; i < before.segments().size(); i++) {
                    RegionSegment old = before.segments().get(i);
                    assertEquals(
                            new RegionSegment(
                                    old.role(),
                                    old.name(),
                                    old.offset(),
                                    old.size(),
                                    old.gpa(),
                                    old.view(),
                                    old.access(),
                                    0),
                            file.layout().segments().get(i));
                }
                assertEquals(0, file.ring().drain(record -> {}, 10));
                assertThrows(RegionException.class, () -> file.finalizeImage(boot(4, 509)));
                file.reset();
                file.finalizeImage(boot(4, 509));
            }
        }

        @Test
        void refusesWhatIsNoRegion() throws IOException {
            Files.write(path, new byte[(int) (8 * MIB)]);
            assertTrue(assertThrows(RegionException.class, () -> RegionFile.attach(path, plan))
                    .getMessage()
                    .contains("not a region"));
            Files.write(path, new byte[100]);
            assertTrue(assertThrows(RegionException.class, () -> RegionFile.attach(path, plan))
                    .getMessage()
                    .contains("too short"));
        }

        @Test
        void followsNoLinkAndWaitsForNoFifo() throws Exception {
            Path real = path.resolveSibling("real");
            RegionFile.create(real, null, plan).close();
            Files.createSymbolicLink(path, real);
            assertThrows(
                    RegionException.class, () -> RegionFile.attach(path, plan).close());
            assertThrows(RegionException.class, () -> RegionFile.gate(path));
            Files.delete(path);
            assertEquals(
                    0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
            assertThrows(
                    RegionException.class, () -> RegionFile.attach(path, plan).close());
            assertThrows(RegionException.class, () -> RegionFile.gate(path));
        }
    }

    @Test
    void neverTellsSecretAddressesInPassing() throws Exception {
        try (RegionFile file = RegionFile.create(path, null, plan)) {
            String told = file.layout().toString();
            for (RegionSegment segment : file.layout().segments()) {
                assertFalse(told.contains(Long.toString(segment.gpa()))
                        || told.contains(Long.toHexString(segment.gpa())));
            }
        }
    }
}
