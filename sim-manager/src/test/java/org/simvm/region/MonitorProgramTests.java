// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Monitors' ELF files: what is read from a good one, and what is said of a bad one. */
@Tag("integration") // each builds a program
class MonitorProgramTests {
    private static final String SOURCE = """
            #include "sim_abi.h"
            struct hook { uint64_t handler; uint32_t kind, id, group, flags;
                    uint8_t function[64], caller[64]; };
            struct slot { uint64_t address; uint8_t name[192]; };
            __attribute__((used)) int handler(void) { return 7; }
            static int counter = 5;
            static char zeros[10000];
            int *volatile pointer = &counter;
            char *touch(void) { return zeros + counter; }
            extern const uint64_t pid_offset, watched[8];
            uint64_t values(void) { return pid_offset + watched[1]; }
            __asm__(".pushsection .rodata.values,\\"a\\",@progbits\\n.balign 8\\n"
                    ".globl pid_offset, watched\\n"
                    ".hidden pid_offset, watched\\n"
                    "pid_offset: .quad -1\\nwatched: .fill 8, 8, 3\\n.popsection\\n"
                    ".pushsection .sim_hooks,\\"\\",@progbits\\n"
                    ".quad handler\\n.long 2, 9, 1, 1\\n"
                    "1: .asciz \\"do_syscall_64(pt_regs*,number)\\"\\n.fill 64 - (. - 1b)\\n"
                    "1: .asciz \\"entry_SYSCALL_64\\"\\n.fill 64 - (. - 1b)\\n.popsection\\n"
                    ".pushsection .sim_slots,\\"\\",@progbits\\n.quad pid_offset\\n"
                    "1: .asciz \\"offset:task_struct.pid\\"\\n.fill 192 - (. - 1b)\\n.popsection\\n"
                    ".pushsection .sim_parameters,\\"\\",@progbits\\n.quad watched\\n.long 64, 3\\n"
                    "1: .asciz \\"calls\\"\\n.fill 64 - (. - 1b)\\n.popsection\\n"
                    ".pushsection .sim_names,\\"\\",@progbits\\n"
                    ".ascii \\"calls 2 open\\\\ncalls 69 open\\\\ncalls 3 close\\\\n\\"\\n.popsection\\n");
            """;
    private static final List<String> LINK = List.of(
            "-shared",
            "-fPIC",
            "-O1",
            "-nostdlib",
            "-ffreestanding",
            "-fvisibility=hidden",
            "-Wl,-z,separate-code",
            "-Wl,-z,max-page-size=4096",
            "-Wl,-z,norelro",
            "-Wl,--build-id=none",
            "-Wl,-Bsymbolic");

    @TempDir
    Path folder;

    private Path build(String source, String... more) throws IOException, InterruptedException {
        List<String> options = new ArrayList<>(LINK);
        options.addAll(Arrays.asList(more));
        return CCompiler.compile(folder, "example", source, options.toArray(String[]::new));
    }

    private static String complaint(Path file) {
        String message = assertThrows(RegionException.class, () -> ProgramLoader.load(file))
                .getMessage();
        assertTrue(message.startsWith(file.toString()) && !message.contains("\n"), message);
        return message;
    }

    @Nested
    class GoodOnes {
        @Test
        void areReadWithAllTheyDeclare() throws Exception {
            MonitorProgram program =
                    ProgramLoader.load(Files.move(build(SOURCE), folder.resolve("my-monitor.elf")));
            assertEquals("my-monitor", program.name());
            assertEquals(1, program.hooks().size());
            HookDeclaration hook = program.hooks().get(0);
            assertEquals(
                    new HookDeclaration(
                            HookDeclaration.Kind.CALL,
                            "do_syscall_64",
                            List.of("pt_regs*", "number"),
                            "entry_SYSCALL_64",
                            hook.handler(),
                            9,
                            1,
                            true),
                    hook);
            assertEquals(
                    List.of("offset:task_struct.pid"),
                    program.slots().stream().map(SlotDeclaration::name).toList());
            ParameterDeclaration calls = program.parameters().get(0);
            assertEquals(
                    new ParameterDeclaration(
                            "calls",
                            ParameterDeclaration.Type.SET,
                            calls.address(),
                            64,
                            Map.of("open", List.of(2, 69), "close", List.of(3))),
                    calls);
            assertEquals(0, program.dispatch());
        }

        @Test
        void comeInWholePagesOfOneKindOfAccessEach() throws Exception {
            MonitorProgram program = ProgramLoader.load(build(SOURCE));
            assertTrue(program.segments().stream()
                    .anyMatch(segment -> segment.access().equals(Access.READ_EXECUTE)));
            assertTrue(program.segments().stream()
                    .anyMatch(segment -> segment.access().equals(Access.READ_WRITE)
                            && segment.memorySize() >= 12288));
            for (ProgramSegment segment : program.segments()) {
                assertEquals(0, segment.virtualAddress() % 4096);
                assertEquals(0, segment.memorySize() % 4096);
                assertTrue(segment.contents().limit() <= segment.memorySize());
            }
        }

        @Test
        void areRelocatedToWhereTheyAreLoaded() throws Exception {
            MonitorProgram program = ProgramLoader.load(build(SOURCE));
            assertFalse(program.relocations().isEmpty());
            ProgramImage image = new ProgramImage(program, 0x5500_0000_0000L);
            boolean[] found = new boolean[1];
            program.relocations().forEach((address, addend) -> {
                for (int i = 0; i < program.segments().size(); i++) {
                    ProgramSegment segment = program.segments().get(i);
                    if (segment.covers(address, 8)) {
                        long value = image.segment(i)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong((int) (address - segment.virtualAddress()));
                        assertEquals(0x5500_0000_0000L + addend, value);
                        found[0] = true;
                    }
                }
            });
            assertTrue(found[0]);
        }
    }

    @Nested
    class BadOnesAreNamedWithTheReason {
        @Test
        void filtersThatFitNoHookOrSet() throws Exception {
            String filter =
                    "__asm__(\".pushsection .sim_filters,\\\"\\\",@progbits\\n.quad %s, 0, %s\\n"
                            + ".long %d, %d, %d, 0\\n.popsection\");\n";
            assertEquals(
                    List.of(new FilterDeclaration(9, 0, 0, 0, 64, 448, 0)),
                    ProgramLoader.load(build(
                                    SOURCE + filter.formatted("watched", "pid_offset", 9, 64, 448)))
                            .filters()
                            .stream()
                            .map(each -> new FilterDeclaration(
                                    each.hook(), 0, 0, 0, each.first(), each.count(), 0))
                            .toList());
            assertTrue(complaint(build(SOURCE + filter.formatted("watched", "0", 8, 0, 64)))
                    .contains("no hook of kind CALL"));
            assertTrue(complaint(build(SOURCE + filter.formatted("pid_offset", "0", 9, 0, 64)))
                    .contains("type SET"));
            assertTrue(complaint(build(SOURCE + filter.formatted("watched", "watched", 9, 0, 64)))
                    .contains("by a slot"));
            assertTrue(complaint(build(SOURCE + filter.formatted("watched", "0", 9, 64, 449)))
                    .contains("449 numbers"));
            assertTrue(complaint(build(SOURCE + filter.formatted("watched", "0", 9, -1, 2)))
                    .contains("from bit -1"));
            assertTrue(complaint(build(
                            SOURCE + filter.formatted("watched", "0", 9, 0, 64).repeat(2)))
                    .contains("two filters"));
        }

        @Test
        void noSuchFile() {
            assertTrue(complaint(folder.resolve("none.elf")).contains("no such file"));
        }

        @Test
        void noElfFile() throws Exception {
            assertTrue(complaint(Files.writeString(folder.resolve("text.elf"), "#!/bin/sh\n"))
                    .contains("not an ELF file"));
            assertTrue(complaint(Files.write(folder.resolve("empty.elf"), new byte[0]))
                    .contains("not an ELF file"));
        }

        @Test
        void tooLarge() throws Exception {
            Path file = folder.resolve("large.elf");
            Files.write(file, new byte[(int) ElfImage.MAX_FILE_SIZE + 1]);
            assertTrue(complaint(file).contains("too much for a monitor"));
        }

        @Test
        void anotherMachine() throws Exception {
            Path file = build(SOURCE);
            byte[] bytes = Files.readAllBytes(file);
            bytes[18] = (byte) 0xb7;
            assertTrue(complaint(Files.write(file, bytes)).contains("machine 183"));
        }

        @Test
        void notPositionIndependent() throws Exception {
            Path file = CCompiler.compile(
                    folder,
                    "fixed",
                    "int start(void) { return 0; }",
                    "-nostdlib",
                    "-static",
                    "-no-pie",
                    "-Wl,-e,start");
            assertTrue(complaint(file).contains("ET_DYN"));
        }

        @Test
        void aCallIntoALibrary() throws Exception {
            String message = complaint(build("extern int other(void)"
                    + " __attribute__((visibility(\"default\"))); int f(void) { return other(); }"
                    + "int (*table)(void) = other;"));
            assertTrue(message.contains("only R_X86_64_RELATIVE"), message);
        }

        @Test
        void writableCode() throws Exception {
            assertTrue(complaint(build(SOURCE, "-Wl,-N")).contains("writable and executable"));
        }

        @Test
        void twoKindsOfAccessOnOnePage() throws Exception {
            Path file = build(SOURCE);
            byte[] bytes = Files.readAllBytes(file);
            // The second program header's p_vaddr, one page back into the first.
            int at = 64 + 56 + 16;
            assertEquals(0x10, bytes[at + 1] & 0xff);
            bytes[at + 1] = 0;
            assertTrue(complaint(Files.write(file, bytes)).contains("two PT_LOADs on the page"));
        }

        @Test
        void threadLocalStorage() throws Exception {
            assertTrue(complaint(build(
                            SOURCE + "__thread int mine = 3; int *m(void) { return &mine; }",
                            "-ftls-model=initial-exec"))
                    .contains("thread-local"));
        }

        @Test
        void declarationsOfAnotherHeader() throws Exception {
            assertTrue(complaint(build(SOURCE
                            + "__asm__(\".pushsection "
                            + ".sim_slots,\\\"\\\",@progbits\\n.long 1\\n.popsection\\n\");"))
                    .contains("no multiple of 200"));
        }

        @Test
        void aHandlerThatIsNoCode() throws Exception {
            assertTrue(complaint(build(SOURCE.replace(".quad handler", ".quad pid_offset")))
                    .contains("where there is no code"));
        }

        @Test
        void aSlotInWritableData() throws Exception {
            assertTrue(complaint(build(SOURCE.replace(".quad pid_offset", ".quad counter")))
                    .contains("read-only data"));
        }

        @Test
        void aHookOfNoKind() throws Exception {
            assertTrue(complaint(build(SOURCE.replace(".long 2, 9", ".long 3, 9")))
                    .contains("kind 3"));
        }

        @Test
        void aNameWithoutABit() throws Exception {
            assertTrue(complaint(build(SOURCE.replace("calls 3 close", "calls close")))
                    .contains("calls close"));
        }

        @Test
        void aBitBeyondTheParameter() throws Exception {
            assertTrue(complaint(build(SOURCE.replace("calls 3 close", "calls 512 close")))
                    .contains("no room"));
        }

        @Test
        void damageAnywhere() throws Exception {
            byte[] good = Files.readAllBytes(build(SOURCE));
            Path file = folder.resolve("damaged.elf");
            Random random = new Random(4711);
            int refused = 0;
            for (int i = 0; i < 1000; i++) {
                byte[] bytes = good.clone();
                boolean headers = i % 2 == 0;
                for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                    // Half of the tries hit the headers, where it hurts most.
                    int at = headers
                            ? random.nextInt(64 + 56 * 6)
                            : bytes.length - 1 - random.nextInt(Math.min(bytes.length, 4096));
                    bytes[at] = (byte) random.nextInt(256);
                }
                Files.write(file, bytes);
                try {
                    ProgramLoader.load(file);
                } catch (RegionException expected) {
                    assertTrue(
                            expected.getMessage().startsWith(file.toString()),
                            expected.getMessage());
                    refused++;
                }
            }
            assertTrue(refused > 100, "only " + refused + " refused");
        }

        @Test
        void theEndIsMissing() throws Exception {
            byte[] good = Files.readAllBytes(build(SOURCE));
            Path file = folder.resolve("cut.elf");
            for (int length = 4; length < good.length; length += 97) {
                Files.write(file, Arrays.copyOf(good, length));
                complaint(file);
            }
        }
    }
}
