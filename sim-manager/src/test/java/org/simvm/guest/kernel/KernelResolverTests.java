// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.simvm.guest.kernel.KernelUnresolvedException.Step;
import org.simvm.guest.memory.SparseGuestMemory;
import org.simvm.guest.paging.PageTableWriter;
import org.simvm.guest.paging.TableLevel;
import org.simvm.guest.paging.VirtualMemory;

@DisplayName("A kernel")
class KernelResolverTests {
    private static final long BASE = SyntheticKernel.BASE;

    /** How a kernel's kallsyms are laid out. */
    record Layout(
            AddressEncoding encoding,
            boolean addressesBeforeNames,
            boolean sequences,
            int alignment,
            int levels) {
        SyntheticKernel kernel() {
            SyntheticKernel kernel = new SyntheticKernel();
            kernel.encoding = encoding;
            kernel.addressesBeforeNames = addressesBeforeNames;
            kernel.sequences = sequences;
            kernel.alignment = alignment;
            kernel.levels = levels;
            return kernel;
        }
    }

    static Stream<Layout> layouts() {
        List<Layout> layouts = new ArrayList<>();
        for (AddressEncoding encoding : AddressEncoding.values()) {
            for (boolean before : new boolean[] {true, false}) {
                for (boolean sequences : new boolean[] {true, false}) {
                    for (int alignment : new int[] {4, 8}) {
                        boolean exists = before
                                ? encoding != AddressEncoding.PLACE_RELATIVE
                                : encoding != AddressEncoding.ABSOLUTE;
                        if (exists) {
                            layouts.add(new Layout(
                                    encoding,
                                    before,
                                    sequences,
                                    alignment,
                                    alignment == 4 ? 5 : 4));
                        }
                    }
                }
            }
        }
        return layouts.stream();
    }

    @Test
    @DisplayName("shares names and types with another guest's of the same build, but not the "
            + "places of its symbols")
    void sharesWhatGuestsHaveInCommon() throws Exception {
        ResolvedKernel one = (ResolvedKernel)
                KernelResolver.resolve(new SyntheticKernel().boot(), SyntheticKernel.LSTAR);
        SyntheticKernel another = new SyntheticKernel();
        another.define("one_more", 't', BASE + 0xf_f000);
        ResolvedKernel same = (ResolvedKernel)
                KernelResolver.resolve(new SyntheticKernel().boot(), SyntheticKernel.LSTAR);
        ResolvedKernel other =
                (ResolvedKernel) KernelResolver.resolve(another.boot(), SyntheticKernel.LSTAR);
        assertTrue(one.symbolTable().sharesNamesWith(same.symbolTable()));
        assertSame(one.typeTable(), same.typeTable());
        assertFalse(one.symbolTable().sharesNamesWith(other.symbolTable()));
        assertEquals(BASE + 0xf_f000, other.requireSymbol("one_more"));
        assertEquals(one.requireSymbol("init_task"), same.requireSymbol("init_task"));
    }

    @ParameterizedTest(name = "is resolved from {0}")
    @MethodSource("layouts")
    void isResolvedFromEveryLayout(Layout layout) throws Exception {
        SyntheticKernel written = layout.kernel();
        if (layout.encoding() == AddressEncoding.RELATIVE_WITH_ABSOLUTE_PER_CPU) {
            written.define("fixed_percpu_data", 'A', 0).define("current_task", 'A', 0x1fb80);
        }
        written.define("x".repeat(70) + "0123456789".repeat(30), 't', BASE + 0xf_f000);
        Kernel kernel = KernelResolver.resolve(written.boot(), SyntheticKernel.LSTAR);

        assertEquals("6.66.6-test", kernel.version());
        assertEquals("Linux version 6.66.6-test (a@b) (gcc) #1 SMP", kernel.banner());
        assertEquals(new VirtualRange(BASE, BASE + SyntheticKernel.SIZE), kernel.image());
        assertEquals(new VirtualRange(BASE, SyntheticKernel.TEXT_END), kernel.text());
        assertEquals(written.definitions.size(), kernel.symbolCount());
        for (SyntheticKernel.Definition definition : written.definitions) {
            List<Symbol> found = kernel.symbols(definition.name());
            assertEquals(1, found.size(), definition.name());
            assertEquals(definition.address(), found.get(0).address(), definition.name());
            assertEquals(definition.address(), kernel.requireSymbol(definition.name()));
            assertEquals(definition.type(), found.get(0).type());
            assertEquals(definition.name(), found.get(0).name());
        }
        assertEquals(200, kernel.requireOffset("task_struct.comm"));
    }

    @Nested
    @DisplayName("that is resolved")
    class Resolved {
        private final Kernel kernel;

        Resolved() throws Exception {
            SyntheticKernel written = new SyntheticKernel()
                    .define("twice", 't', BASE + 0x1200)
                    .define("twice", 't', BASE + 0x1100)
                    .define("local", 't', BASE + 0x1300)
                    .define("global", 'T', BASE + 0x1300)
                    .define("__alias", 'r', BASE + 0x1300)
                    .define("behind", 't', BASE + 0x1340);
            kernel = KernelResolver.resolve(written.boot(), SyntheticKernel.LSTAR);
        }

        @Test
        void givesAllSymbolsOfAName() throws Exception {
            assertEquals(
                    List.of(BASE + 0x1100, BASE + 0x1200),
                    kernel.symbols("twice").stream().map(Symbol::address).toList());
            assertEquals(OptionalLong.of(BASE + 0x1100), kernel.symbol("twice"));
            KernelUnresolvedException e = assertThrows(
                    KernelUnresolvedException.class, () -> kernel.requireSymbol("twice"));
            assertEquals(
                    "kernel 6.66.6-test has 2 symbols 'twice', which one is meant can't be told",
                    e.getMessage());
        }

        @Test
        void saysWhichSymbolIsMissing() {
            assertEquals(OptionalLong.empty(), kernel.symbol("absent"));
            assertEquals(List.of(), kernel.symbols("filler_"));
            KernelUnresolvedException e = assertThrows(
                    KernelUnresolvedException.class, () -> kernel.requireSymbol("absent"));
            assertEquals(Step.LOOKUP, e.step());
            assertEquals("kernel 6.66.6-test has no symbol 'absent'", e.getMessage());
        }

        @Test
        void namesAnAddress() {
            assertEquals(
                    "twice+0x8/0x100",
                    kernel.symbolAt(BASE + 0x1108).orElseThrow().toString());
            assertEquals(
                    "global+0x3f/0x40",
                    kernel.symbolAt(BASE + 0x133f).orElseThrow().toString());
            assertEquals(
                    "behind",
                    kernel.symbolAt(BASE + 0x1340).orElseThrow().symbol().name());
            assertEquals(
                    BASE + SyntheticKernel.SIZE,
                    kernel.symbolAt(BASE + SyntheticKernel.SIZE - 1)
                            .orElseThrow()
                            .symbol()
                            .end());
            assertEquals(Optional.empty(), kernel.symbolAt(BASE - 1));
            assertEquals(Optional.empty(), kernel.symbolAt(BASE + SyntheticKernel.SIZE));
            assertEquals(Optional.empty(), kernel.symbolAt(0));
        }

        @Test
        void givesOffsetsThroughNestedAndAnonymousMembers() throws Exception {
            assertEquals(100, kernel.requireOffset("task_struct.pid"));
            assertEquals(8, kernel.requireOffset("cred.uid"));
            assertEquals(8, kernel.requireOffset("cred.uid.val"));
            assertEquals(32, kernel.requireOffset("task_struct.other"));
            assertEquals(36, kernel.requireOffset("task_struct.deep"));
            assertEquals(OptionalInt.of(36), kernel.offset("task_struct.deep"));
        }

        @Test
        void takesTheFirstAlternativeThatIsThere() throws Exception {
            assertEquals(
                    100,
                    kernel.requireOffset("task_struct.absent|absent.pid|task_struct.pid|cred.uid"));
            assertEquals(4096, kernel.requireSize("absent|task_struct"));
        }

        @Test
        void saysWhichOffsetIsMissing() {
            KernelUnresolvedException e = assertThrows(
                    KernelUnresolvedException.class,
                    () -> kernel.requireOffset("task_struct.absent|cred.uid.absent"));
            assertEquals(
                    "kernel 6.66.6-test has no member 'task_struct.absent|cred.uid.absent' in "
                            + "its BTF",
                    e.getMessage());
            assertEquals(OptionalInt.empty(), kernel.offset("task_struct.pid.val"));
            assertEquals(OptionalInt.empty(), kernel.offset("task_struct.self.pid"));
            assertThrows(KernelUnresolvedException.class, () -> kernel.requireSize("absent"));
        }

        @Test
        void hasNoOffsetForABitField() {
            assertEquals(OptionalInt.empty(), kernel.offset("task_struct.flag"));
            KernelUnresolvedException e = assertThrows(
                    KernelUnresolvedException.class,
                    () -> kernel.requireOffset("task_struct.flag"));
            assertTrue(e.getMessage().contains("bit field"), e.getMessage());
        }

        @Test
        void refusesWhatIsNoMember() {
            for (String path : List.of(
                    "", "task_struct", "task_struct.", ".pid", "a.b|", "a.b.1c", "a.b[1]")) {
                assertThrows(IllegalArgumentException.class, () -> kernel.offset(path), path);
            }
        }

        @Test
        void tellsItsTimes() {
            assertTrue(kernel.times().total().compareTo(kernel.times().symbols()) > 0);
        }
    }

    @Test
    void withTwoStructuresOfOneNameIsAmbiguousOnlyWhereTheyDiffer() throws Exception {
        BtfWriter types = SyntheticKernel.types();
        types.structure(
                "twin", 8, BtfWriter.Member.at("same", 1, 0), BtfWriter.Member.at("moved", 1, 4));
        types.structure(
                "twin", 8, BtfWriter.Member.at("same", 1, 0), BtfWriter.Member.at("moved", 1, 6));
        SyntheticKernel written = new SyntheticKernel();
        written.btf = types.bytes();
        Kernel kernel = KernelResolver.resolve(written.boot(), SyntheticKernel.LSTAR);
        assertEquals(0, kernel.requireOffset("twin.same"));
        assertEquals(8, kernel.requireSize("twin"));
        KernelUnresolvedException e = assertThrows(
                KernelUnresolvedException.class, () -> kernel.requireOffset("twin.moved"));
        assertTrue(e.getMessage().contains("several structures 'twin'"), e.getMessage());
        assertEquals(OptionalInt.empty(), kernel.offset("twin.moved"));
    }

    @Test
    void withoutBtfSymbolsHasItsBtfFoundByMagic() throws Exception {
        SyntheticKernel written = new SyntheticKernel();
        written.btfSymbols = false;
        assertEquals(
                100,
                KernelResolver.resolve(written.boot(), OptionalLong.empty())
                        .requireOffset("task_struct.pid"));
    }

    @Test
    void survivesTokensThatSomethingImitates() throws Exception {
        SyntheticKernel written = new SyntheticKernel();
        byte[] image = written.write();
        byte[] decoy = Arrays.copyOfRange(image, 0x20_0000, (int) (written.tablesEnd() - BASE));
        byte[] digits = {
            '0', 0, '1', 0, '2', 0, '3', 0, '4', 0, '5', 0, '6', 0, '7', 0, '8', 0, '9', 0
        };
        System.arraycopy(digits, 0, image, 0x18_0003, digits.length);
        // A second copy of all tables: its place-relative addresses are wrong there, its names are
        // not.
        System.arraycopy(decoy, 0, image, 0x14_0000, decoy.length);
        assertEquals(
                SyntheticKernel.LSTAR,
                KernelResolver.resolve(mapped(image), SyntheticKernel.LSTAR)
                        .requireSymbol("entry_SYSCALL_64"));
    }

    /** Maps an image in 4 KiB pages whose physical order is reversed. */
    private static VirtualMemory mapped(byte[] image) {
        SparseGuestMemory memory = new SparseGuestMemory(1L << 30);
        PageTableWriter tables = new PageTableWriter(memory, 0x2000_0000, 4);
        for (int at = 0; at < image.length; at += 4096) {
            int gpa = image.length - 4096 - at;
            memory.write(gpa, Arrays.copyOfRange(image, at, at + 4096));
            tables.map(BASE + at, gpa, TableLevel.PT, 0);
        }
        return new VirtualMemory(tables.tables());
    }

    @Test
    void isResolvedThoughItsPhysicalPagesAreScattered() throws Exception {
        SyntheticKernel written = new SyntheticKernel();
        assertEquals(
                "6.66.6-test",
                KernelResolver.resolve(mapped(written.write()), SyntheticKernel.LSTAR)
                        .version());
    }

    @Test
    void isResolvedThoughItHasHoles() throws Exception {
        SyntheticKernel written = new SyntheticKernel();
        byte[] image = written.write();
        SparseGuestMemory memory = new SparseGuestMemory(1L << 30);
        memory.write(0, image);
        PageTableWriter tables = new PageTableWriter(memory, 0x2000_0000, 4);
        for (int at = 0; at < image.length; at += 4096) {
            if (at < 0x18_0000 || (at >= 0x1c_0000 && at < 0x70_0000)) {
                tables.map(BASE + at, at, TableLevel.PT, 0);
            }
        }
        assertEquals(
                BASE + 0x70_0000,
                KernelResolver.resolve(new VirtualMemory(tables.tables()), SyntheticKernel.LSTAR)
                        .image()
                        .end());
    }

    @Nested
    @DisplayName("that can't be resolved says in one line why:")
    class Unresolved {
        private KernelUnresolvedException refused(
                Step step, VirtualMemory memory, OptionalLong lstar) {
            KernelUnresolvedException e = assertThrows(
                    KernelUnresolvedException.class, () -> KernelResolver.resolve(memory, lstar));
            assertEquals(step, e.step(), e.getMessage());
            assertEquals(1, e.getMessage().lines().count());
            return e;
        }

        @Test
        void nothingIsMapped() {
            PageTableWriter tables = new PageTableWriter(new SparseGuestMemory(1 << 20), 0x1000, 4);
            KernelUnresolvedException e =
                    refused(Step.IMAGE, new VirtualMemory(tables.tables()), OptionalLong.empty());
            assertTrue(
                    e.getMessage()
                            .startsWith("kernel image: nothing is mapped from 0xffffffff80000000"),
                    e.getMessage());
        }

        @Test
        void tooMuchIsMapped() {
            PageTableWriter tables = new PageTableWriter(new SparseGuestMemory(1 << 20), 0x1000, 4);
            tables.map(0xffff_ffff_8000_0000L, 0, TableLevel.PDPT, 0);
            KernelUnresolvedException e =
                    refused(Step.IMAGE, new VirtualMemory(tables.tables()), OptionalLong.empty());
            assertTrue(e.getMessage().contains("more than 256 MiB"), e.getMessage());
        }

        @Test
        void whatIsMappedIsNotRam() {
            PageTableWriter tables = new PageTableWriter(new SparseGuestMemory(1 << 20), 0x1000, 4);
            tables.map(0xffff_ffff_8000_0000L, 1L << 40, TableLevel.PD, 0);
            KernelUnresolvedException e =
                    refused(Step.SYMBOLS, new VirtualMemory(tables.tables()), OptionalLong.empty());
            assertTrue(e.getMessage().contains("0x10000000000"), e.getMessage());
        }

        @Test
        void thereIsNoKallsyms() {
            KernelUnresolvedException e =
                    refused(Step.SYMBOLS, mapped(new byte[1 << 20]), OptionalLong.empty());
            assertTrue(e.getMessage().contains("CONFIG_KALLSYMS=y"), e.getMessage());
        }

        @Test
        void addressesDoNotRise() {
            SyntheticKernel written = new SyntheticKernel();
            byte[] image = written.write();
            int middle = (int) (written.tablesEnd() - BASE)
                    - 3 * written.definitions.size()
                    - 2 * written.definitions.size();
            image[middle & ~3] ^= 0x55;
            image[(middle & ~3) + 2] ^= 0x55;
            refused(Step.SYMBOLS, mapped(image), OptionalLong.empty());
        }

        @Test
        void aMarkerDisagreesWithTheNames() {
            SyntheticKernel written = new SyntheticKernel();
            byte[] image = written.write();
            // The first name's length: everything behind it shifts.
            image[0x20_0004]++;
            refused(Step.SYMBOLS, mapped(image), OptionalLong.empty());
        }

        @Test
        void lstarIsElsewhere() {
            KernelUnresolvedException e = refused(
                    Step.VERIFICATION,
                    new SyntheticKernel().boot(),
                    OptionalLong.of(SyntheticKernel.LSTAR + 1));
            assertTrue(
                    e.getMessage()
                            .contains("entry_SYSCALL_64 at 0xffffffff83001080, but LSTAR is"
                                    + " 0xffffffff83001081"),
                    e.getMessage());
        }

        @Test
        void theBannerReadsDifferent() {
            SyntheticKernel written = new SyntheticKernel();
            written.banner = "NetBSD 10";
            assertTrue(refused(Step.VERIFICATION, written.boot(), OptionalLong.empty())
                    .getMessage()
                    .contains("linux_banner"));
        }

        @Test
        void thereIsNoBtf() {
            SyntheticKernel written = new SyntheticKernel();
            written.btf = new byte[0];
            assertTrue(refused(Step.TYPES, written.boot(), OptionalLong.empty())
                    .getMessage()
                    .contains("CONFIG_DEBUG_INFO_BTF=y"));
            SyntheticKernel without = new SyntheticKernel();
            without.btf = new byte[0];
            without.btfSymbols = false;
            refused(Step.TYPES, without.boot(), OptionalLong.empty());
        }

        @Test
        void btfIsMalformed() {
            SyntheticKernel written = new SyntheticKernel();
            // The kind of the first type.
            written.btf[24 + 7] = 77;
            KernelUnresolvedException e = refused(Step.TYPES, written.boot(), OptionalLong.empty());
            assertTrue(e.getMessage().contains("type 1 has the unknown kind 77"), e.getMessage());
        }

        @Test
        void btfIsOfAnotherKernel() {
            BtfWriter types = new BtfWriter();
            types.structure(
                    "task_struct", 64, BtfWriter.Member.at("comm", types.integer("int", 4), 8));
            SyntheticKernel written = new SyntheticKernel();
            written.btf = types.bytes();
            assertTrue(refused(Step.VERIFICATION, written.boot(), OptionalLong.empty())
                    .getMessage()
                    .contains("swapper"));
        }
    }

    @Nested
    @DisplayName("that has functions")
    class Functions {
        private final Kernel kernel;

        Functions() throws Exception {
            BtfWriter types = SyntheticKernel.types();
            int number = types.integer("long int", 8);
            int regs = types.structure("pt_regs", 168);
            int pointer = types.pointer(types.modifier(10, regs));
            types.function("do_syscall_64", types.typedef("regs_t", pointer), number);
            types.function("two", number);
            types.function("two", pointer);
            types.function("same", number);
            types.function("same", types.integer("int", 4));
            types.function("others", types.pointer(number), types.pointer(0), regs, 1 << 20);
            types.function("seven", number, number, number, number, number, number, number);
            SyntheticKernel written = new SyntheticKernel()
                    .define("f", 't', BASE + 0x1100)
                    .define("f.isra.0", 't', BASE + 0x1200)
                    .define("f.cold", 't', BASE + 0x1300)
                    .define("ff.cold", 't', BASE + 0x1400)
                    .define("fold", 't', BASE + 0x1500);
            written.btf = types.bytes();
            kernel = KernelResolver.resolve(written.boot(), SyntheticKernel.LSTAR);
        }

        private Optional<String> takes(String function) {
            return kernel.parameters(function).map(Object::toString);
        }

        @Test
        void tellsWhatTheyTake() {
            assertEquals(Optional.of("[pt_regs*, number]"), takes("do_syscall_64"));
            assertEquals(Optional.of("[number]"), takes("same"));
            assertEquals(Optional.of("[pointer, pointer, value, value]"), takes("others"));
            assertEquals(6, kernel.parameters("seven").orElseThrow().size());
            assertEquals(Optional.empty(), takes("two"));
            assertEquals(Optional.empty(), takes("absent"));
            assertEquals(Optional.empty(), takes("pt_regs"));
        }

        @Test
        void tellsWhatACompilerMadeOfThem() {
            assertEquals(
                    List.of("f.isra.0", "f.cold"),
                    kernel.derived("f").stream().map(Symbol::name).toList());
            assertEquals(List.of(), kernel.derived("fol"));
            assertEquals(List.of(), kernel.derived("f.isra.0"));
        }
    }

    @Test
    void isNotKnownByOneLetterMore() throws Exception {
        Kernel kernel = KernelResolver.resolve(new SyntheticKernel().boot(), OptionalLong.empty());
        assertEquals(OptionalLong.empty(), kernel.symbol("init_tas"));
        assertEquals(OptionalLong.empty(), kernel.symbol("init_task_"));
        assertEquals(OptionalLong.empty(), kernel.symbol(""));
        assertNotEquals(OptionalLong.empty(), kernel.symbol("init_task"));
    }

    @Test
    void madeUpForWarmingUpIsResolved() throws Exception {
        ResolverWarmup.run();
    }
}
