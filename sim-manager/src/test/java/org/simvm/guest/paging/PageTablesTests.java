// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.guest.paging.PageTableWriter.NO_EXECUTE;
import static org.simvm.guest.paging.PageTableWriter.PRESENT;
import static org.simvm.guest.paging.PageTableWriter.USER;
import static org.simvm.guest.paging.PageTableWriter.WRITABLE;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.SparseGuestMemory;

@DisplayName("Page tables")
class PageTablesTests {
    private static final long ROOT = 0x10000;
    private static final long KERNEL = 0xffff_ffff_8000_0000L;

    private final SparseGuestMemory memory = new SparseGuestMemory(1L << 32);

    @ParameterizedTest(name = "translate pages of every size with {0} levels")
    @ValueSource(ints = {4, 5})
    void translate(int levels) throws Exception {
        PageTableWriter writer = new PageTableWriter(memory, ROOT, levels);
        writer.map(0x7000_1234_5000L, 0x5000, TableLevel.PT, WRITABLE | USER | NO_EXECUTE);
        writer.map(KERNEL + 0x20_0000, 0x40_0000, TableLevel.PD, 0);
        writer.map(0xffff_8880_4000_0000L, 0xc000_0000L, TableLevel.PDPT, WRITABLE);
        PageTables tables = writer.tables();

        Translation small = tables.translate(0x7000_1234_5678L).orElseThrow();
        assertEquals(0x5678, small.gpa());
        assertEquals(4096, small.pageSize());
        assertEquals(0x5000, small.pageGpa());
        assertEquals(0x7000_1234_5000L, small.pageVa());
        assertTrue(small.writable() && small.user());
        assertFalse(small.executable());
        assertEquals(memory.readLong(small.entryGpa()), small.entry());

        Translation large = tables.translate(KERNEL + 0x3f_ffff).orElseThrow();
        assertEquals(0x5f_ffff, large.gpa());
        assertEquals(2 << 20, large.pageSize());
        assertTrue(large.executable());
        assertFalse(large.writable() || large.user());

        Translation huge = tables.translate(0xffff_8880_7fff_fff0L).orElseThrow();
        assertEquals(0xffff_fff0L, huge.gpa());
        assertEquals(1 << 30, huge.pageSize());
    }

    @ParameterizedTest(name = "translate nothing where nothing is mapped, with {0} levels")
    @ValueSource(ints = {4, 5})
    void notMapped(int levels) throws Exception {
        PageTableWriter writer = new PageTableWriter(memory, ROOT, levels);
        writer.map(KERNEL, 0, TableLevel.PT, 0);
        assertEquals(Optional.empty(), writer.tables().translate(KERNEL + 4096));
        assertEquals(Optional.empty(), writer.tables().translate(0));
        assertEquals(Optional.empty(), writer.tables().translate(1L << 62));
    }

    @Test
    void canonicalAddressesDependOnTheDepth() {
        PageTables four = new PageTables(memory, ROOT, 4);
        PageTables five = new PageTables(memory, ROOT, 5);
        assertTrue(four.canonical(0x7fff_ffff_ffffL));
        assertFalse(four.canonical(0x8000_0000_0000L));
        assertTrue(five.canonical(0x8000_0000_0000L));
        assertTrue(five.canonical(0xff00_0000_0000_0000L));
        assertFalse(four.canonical(0xff00_0000_0000_0000L));
        assertFalse(five.canonical(0x0100_0000_0000_0000L));
    }

    @Test
    void controlRegistersTellRootAndDepth() {
        PageTables tables = PageTables.of(memory, 0x8000_0000_1234_5abcL, 1 << 12);
        assertEquals(0x1234_5000, tables.root());
        assertEquals(5, tables.levels());
        assertEquals(4, PageTables.of(memory, 0, 0x6f0).levels());
        assertThrows(IllegalArgumentException.class, () -> new PageTables(memory, 0, 3));
    }

    @Test
    void rightsAreThoseOfAllLevels() throws Exception {
        PageTableWriter writer = new PageTableWriter(memory, ROOT, 4);
        writer.map(KERNEL, 0x8000, TableLevel.PT, WRITABLE | USER);
        TableEntry upper = writer.tables().entry(KERNEL, TableLevel.PDPT).orElseThrow();
        memory.writeLong(upper.gpa(), (upper.value() & ~WRITABLE & ~USER) | NO_EXECUTE);
        Translation page = writer.tables().translate(KERNEL).orElseThrow();
        assertFalse(page.writable() || page.user() || page.executable());
    }

    @Test
    void theCachingBitOfALargePageIsNoAddress() throws Exception {
        PageTableWriter writer = new PageTableWriter(memory, ROOT, 4);
        writer.map(KERNEL, 0x40_0000 | 1 << 12, TableLevel.PD, 0);
        assertEquals(
                0x40_0010,
                writer.tables().translate(KERNEL + 0x10).orElseThrow().gpa());
    }

    @Nested
    @DisplayName("find an entry")
    class Entries {
        @ParameterizedTest(name = "that is not present, with {0} levels")
        @ValueSource(ints = {4, 5})
        void notPresent(int levels) throws Exception {
            PageTableWriter writer = new PageTableWriter(memory, ROOT, levels);
            writer.map(KERNEL, 0, TableLevel.PD, 0);
            TableEntry slot509 = writer.tables()
                    .entry(0xffff_ffff_4000_0000L, TableLevel.PDPT)
                    .orElseThrow();
            TableEntry slot510 = writer.tables().entry(KERNEL, TableLevel.PDPT).orElseThrow();
            assertFalse(slot509.present());
            assertFalse(slot509.mapsPage());
            assertEquals(0, slot509.value());
            assertEquals(509 * 8, slot509.gpa() & 4095);
            assertEquals(slot510.gpa() - 8, slot509.gpa());
            assertTrue(slot510.present());
            assertFalse(slot510.mapsPage());
            assertEquals(0xffff_ffff_4000_0000L, slot509.va());
        }

        @Test
        void ofALevelThatIsNotThere() throws Exception {
            PageTableWriter writer = new PageTableWriter(memory, ROOT, 4);
            writer.map(KERNEL, 0, TableLevel.PD, 0);
            assertEquals(Optional.empty(), writer.tables().entry(KERNEL, TableLevel.PML5));
            assertEquals(Optional.empty(), writer.tables().entry(KERNEL, TableLevel.PT));
            assertEquals(Optional.empty(), writer.tables().entry(0, TableLevel.PDPT));
            assertTrue(writer.tables().entry(0, TableLevel.PML4).isPresent());
        }
    }

    @Nested
    @DisplayName("visit a range")
    class Visits {
        @Test
        void inOrderWithItsEnds() throws Exception {
            PageTableWriter writer = new PageTableWriter(memory, ROOT, 4);
            writer.map(KERNEL + 0x20_0000, 0x60_0000, TableLevel.PD, 0);
            writer.map(KERNEL, 0x1000, TableLevel.PT, WRITABLE);
            writer.map(KERNEL + 0x5000, 0x2000, TableLevel.PT, NO_EXECUTE);
            writer.map(KERNEL + 0x40_0000, 0x80_0000, TableLevel.PD, 0);
            writer.map(KERNEL - 0x1000, 0x9000, TableLevel.PT, 0);
            List<String> seen = new ArrayList<>();
            writer.tables()
                    .visit(
                            KERNEL,
                            KERNEL + 0x3f_ffff,
                            10,
                            page -> seen.add(String.format(
                                    "%x %x %x %b %b",
                                    page.va() - KERNEL,
                                    page.gpa(),
                                    page.pageSize(),
                                    page.writable(),
                                    page.executable())));
            assertEquals(
                    List.of(
                            "0 1000 1000 true true",
                            "5000 2000 1000 false false",
                            "200000 600000 200000 false true"),
                    seen);
        }

        @Test
        void upToTheVeryLastPage() throws Exception {
            PageTableWriter writer = new PageTableWriter(memory, ROOT, 5);
            writer.map(-4096, 0x7000, TableLevel.PT, 0);
            writer.map(0, 0x6000, TableLevel.PT, 0);
            List<Long> seen = new ArrayList<>();
            writer.tables().visit(0, -1, 100, page -> seen.add(page.va()));
            assertEquals(List.of(0L, -4096L), seen);
        }

        @Test
        void untilTheVisitorHasEnough() throws Exception {
            PageTableWriter writer = new PageTableWriter(memory, ROOT, 4);
            for (int i = 0; i < 10; i++) {
                writer.map(KERNEL + i * 4096L, i * 4096L, TableLevel.PT, 0);
            }
            List<Long> seen = new ArrayList<>();
            writer.tables().visit(KERNEL, -1, 10, page -> {
                seen.add(page.gpa());
                return seen.size() < 3;
            });
            assertEquals(List.of(0L, 4096L, 8192L), seen);
        }

        @Test
        void noFurtherThanTheLimitThroughTablesThatContainThemselves() {
            for (int i = 0; i < 512; i++) {
                memory.writeLong(ROOT + 8L * i, ROOT | PRESENT | WRITABLE);
            }
            int[] pages = {0};
            GuestMemoryException e = assertThrows(
                    GuestMemoryException.class,
                    () -> new PageTables(memory, ROOT, 5)
                            .visit(0, -1, 1000, page -> ++pages[0] > 0));
            assertTrue(e.getMessage().contains("needs more than 1000 tables"), e.getMessage());
            assertTrue(pages[0] <= 1000 * 512);
        }

        @Test
        void thatEndsBeforeItBeginsIsRefused() {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new PageTables(memory, ROOT, 4).visit(KERNEL, 0, 1, page -> true));
        }
    }

    @Test
    void aTableOutsideRamIsNamed() {
        memory.writeLong(ROOT, 0x000f_ffff_0000_0000L | PRESENT);
        GuestMemoryException e = assertThrows(
                GuestMemoryException.class,
                () -> new PageTables(memory, ROOT, 4).translate(0x1000));
        assertEquals(0x000f_ffff_0000_0000L, e.address());
    }

    @Nested
    @DisplayName("under virtual memory")
    class Virtual {
        private final PageTableWriter writer = new PageTableWriter(memory, ROOT, 4);
        private final VirtualMemory virtual = new VirtualMemory(writer.tables());

        Virtual() {
            writer.map(KERNEL, 0x20_0000, TableLevel.PT, 0);
            writer.map(KERNEL + 4096, 0x10_0000, TableLevel.PT, 0);
            memory.write(0x20_0000 + 4092, new byte[] {'a', 'b', 'c', 'd'});
            memory.write(0x10_0000, new byte[] {'e', 'f', 'g', 'h', 0, 'x'});
        }

        @Test
        void valuesCrossPages() throws Exception {
            assertEquals(0x6867666564636261L, virtual.readLong(KERNEL + 4092));
            assertEquals(0x66656463, virtual.readInt(KERNEL + 4094));
            assertEquals(0x6564, virtual.readShort(KERNEL + 4095));
            assertEquals('e', virtual.readByte(KERNEL + 4096));
            assertEquals(0x10_0001, virtual.physical(KERNEL + 4097));
        }

        @Test
        void stringsEndAtZeroOrAtTheLimit() throws Exception {
            assertEquals("abcdefgh", virtual.readString(KERNEL + 4092, 100));
            assertEquals("abcde", virtual.readString(KERNEL + 4092, 5));
            assertEquals("", virtual.readString(KERNEL + 4092, 0));
        }

        @Test
        void longStringsAreReadWhole() throws Exception {
            byte[] text = "y".repeat(3000).getBytes(StandardCharsets.US_ASCII);
            memory.write(0x20_0000 + 500, text);
            assertEquals("y".repeat(3000), virtual.readString(KERNEL + 500, 4000));
        }

        @Test
        void whatIsNotMappedIsNamed() {
            GuestMemoryException e = assertThrows(
                    GuestMemoryException.class, () -> virtual.read(KERNEL + 8000, 1000));
            assertEquals("guest-virtual address 0xffffffff80002000 is not mapped", e.getMessage());
        }

        @Test
        void physicalNeighboursAreShownAsOnePiece() throws Exception {
            writer.map(KERNEL + 8192, 0x10_1000, TableLevel.PT, 0);
            List<String> seen = new ArrayList<>();
            virtual.visit(
                    KERNEL + 16,
                    3 * 4096 - 16,
                    (gpa, slice) -> seen.add(Long.toHexString(gpa) + "+" + slice.remaining()));
            assertEquals(List.of("200010+4080", "100000+8192"), seen);
        }

        @Test
        void nothingIsReadPastTheEndOfTheAddressSpace() {
            writer.map(-4096, 0x3000, TableLevel.PT, 0);
            writer.map(0, 0x4000, TableLevel.PT, 0);
            memory.write(0x3ffc, new byte[] {'e', 'n', 'd', '.', 's', 't', 'a', 'r', 't'});
            assertThrows(GuestMemoryException.class, () -> virtual.readLong(-4));
            assertThrows(GuestMemoryException.class, () -> virtual.readString(-4, 100));
            assertThrows(
                    GuestMemoryException.class, () -> virtual.visit(-4, 8, (gpa, slice) -> {}));
        }
    }
}
