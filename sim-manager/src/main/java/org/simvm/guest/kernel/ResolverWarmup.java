// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.guest.memory.RamBlock;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Makes up the RAM of a guest with a small kernel in it and resolves that, on the very path a real
 * guest takes, so that the code is compiled before the first guest waits for it.
 *
 * <p>The kernel has the newest layout, and every token is one character.
 */
public final class ResolverWarmup {
    private static final int ROUNDS = 12;
    private static final int SYMBOLS = 60_000;
    private static final int STRUCTURES = 20_000;
    private static final int IMAGE_SIZE = 12 << 20;
    private static final int PAGE_DIRECTORY_STEP = 2 << 20;
    private static final long BASE = KernelImage.FIRST + (16 << 20);
    private static final int BANNER = 0x1000;
    private static final int FIRST_TASK = 0x2000;
    private static final int FILLERS = 0x10_0000;
    private static final int TABLES = 0x40_0000;
    private static final int TYPES = 0x80_0000;

    private final ByteBuffer ram =
            ByteBuffer.allocate(IMAGE_SIZE + 3 * RamBlock.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    private int typesEnd;

    private ResolverWarmup() {
        writeTypes();
        writeSymbols();
        writePageTables();
        put(BANNER, "Linux version 0.0.0-rehearsal\0");
        put(FIRST_TASK, "swapper\0");
    }

    /**
     * Resolves the kernel often enough to have the code compiled. Takes about a second; meant for a
     * thread of its own when the manager starts.
     *
     * @throws IOException if the temporary file can't be made; nothing is lost but the first
     *     guest's time
     * @throws IllegalStateException if the made-up kernel doesn't resolve, so no other will
     */
    public static void run() throws IOException {
        Path file = Files.createTempFile("sim-rehearsal", ".ram");
        try {
            byte[] ram = new ResolverWarmup().ram.array();
            Files.write(file, ram);
            for (int round = 0; round < ROUNDS; round++) {
                try (MappedGuestMemory memory =
                        MappedGuestMemory.map(List.of(new RamBlock(0, ram.length, file, 0)))) {
                    VirtualMemory virtual =
                            new VirtualMemory(new PageTables(memory, IMAGE_SIZE, 4));
                    Kernel kernel = KernelResolver.resolve(virtual, BASE + FILLERS);
                    kernel.requireSymbol("T" + round);
                    kernel.requireOffset("none.comm|task_struct.comm");
                    kernel.symbolAt(BASE + FILLERS + round);
                    virtual.readLong(BASE);
                }
            }
        } catch (KernelUnresolvedException | GuestMemoryException e) {
            throw new IllegalStateException(
                    "the made-up kernel does not resolve: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private void put(int at, String text) {
        ram.put(at, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Writes one topmost table, one below and one page directory behind the image. */
    private void writePageTables() {
        int root = IMAGE_SIZE;
        int pointers = root + RamBlock.PAGE_SIZE;
        int directory = pointers + RamBlock.PAGE_SIZE;
        ram.putLong(root + 511 * Long.BYTES, pointers | 3);
        ram.putLong(pointers + 510 * Long.BYTES, directory | 3);
        int first = (int) (BASE - KernelImage.FIRST) / PAGE_DIRECTORY_STEP;
        for (int i = 0; i < IMAGE_SIZE / PAGE_DIRECTORY_STEP; i++) {
            ram.putLong(
                    directory + (first + i) * Long.BYTES, (long) i * PAGE_DIRECTORY_STEP | 0x83);
        }
    }

    /** Writes {@code task_struct}, whose {@code comm} is at 0, and many other structures. */
    private void writeTypes() {
        int stringsAt =
                TYPES + TypeTable.HEADER_SIZE + (STRUCTURES + 1) * (12 + TypeTable.MEMBER_SIZE);
        ByteBuffer types = ram.duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(TYPES + TypeTable.HEADER_SIZE);
        ByteBuffer strings = ram.duplicate().position(stringsAt);
        strings.put("\0comm\0".getBytes(StandardCharsets.ISO_8859_1));
        for (int i = 0; i <= STRUCTURES; i++) {
            String name = i == STRUCTURES ? "task_struct" : "structure" + i;
            types.putInt(strings.position() - stringsAt)
                    .putInt(TypeTable.KIND_STRUCT << 24 | 1)
                    .putInt(16);
            types.putInt(1).putInt(0).putInt(0);
            strings.put((name + "\0").getBytes(StandardCharsets.ISO_8859_1));
        }
        int typesSize = stringsAt - TYPES - TypeTable.HEADER_SIZE;
        typesEnd = strings.position();
        ram.putShort(TYPES, (short) TypeTable.MAGIC).put(TYPES + 2, (byte) 1);
        ram.putInt(TYPES + 4, TypeTable.HEADER_SIZE)
                .putInt(TYPES + 12, typesSize)
                .putInt(TYPES + 16, typesSize);
        ram.putInt(TYPES + 20, typesEnd - stringsAt);
    }

    private void writeSymbols() {
        int count = SYMBOLS + 7;
        ByteBuffer out = ram.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(TABLES);
        ByteBuffer offsets =
                ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer markers = ByteBuffer.allocate((count / 256 + 1) * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(count);
        int start = out.position();
        symbol("_stext", 0, start, out, markers, offsets);
        symbol("linux_banner", BANNER, start, out, markers, offsets);
        symbol("init_task", FIRST_TASK, start, out, markers, offsets);
        symbol("entry_SYSCALL_64", FILLERS, start, out, markers, offsets);
        for (int i = 0; i < SYMBOLS; i++) {
            symbol("T" + i, FILLERS + i * 16, start, out, markers, offsets);
        }
        symbol("_etext", TABLES - 1, start, out, markers, offsets);
        symbol("__start_BTF", TYPES, start, out, markers, offsets);
        symbol("__stop_BTF", typesEnd, start, out, markers, offsets);
        align(out);
        out.put(markers.flip());
        int tokens = out.position();
        short[] index = new short[SymbolTokens.COUNT];
        for (int token = 0; token < SymbolTokens.COUNT; token++) {
            index[token] = (short) (out.position() - tokens);
            // Every number is a character of its own, and none is empty.
            out.put((byte) Math.max(token, 1)).put((byte) 0);
        }
        align(out);
        for (short entry : index) {
            out.putShort(entry);
        }
        int table = out.position();
        for (int i = 0; i < count; i++) {
            out.putInt(offsets.getInt(i * Integer.BYTES) - (table + i * Integer.BYTES));
        }
    }

    private static void symbol(
            String name,
            int offset,
            int start,
            ByteBuffer out,
            ByteBuffer markers,
            ByteBuffer offsets) {
        if (offsets.position() / Integer.BYTES % 256 == 0) {
            markers.putInt(out.position() - start);
        }
        byte[] characters = ("T" + name).getBytes(StandardCharsets.ISO_8859_1);
        out.put((byte) characters.length).put(characters);
        offsets.putInt(offset);
    }

    private static void align(ByteBuffer out) {
        out.position(out.position() + 3 & -4);
    }
}
