// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.simvm.guest.memory.SparseGuestMemory;
import org.simvm.guest.paging.PageTableWriter;
import org.simvm.guest.paging.TableLevel;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Writes a kernel image for tests, with kallsyms in any layout and BTF, and maps it as Linux does.
 *
 * <p>Follows what {@code scripts/kallsyms.c} puts out, not how the resolver reads it.
 */
final class SyntheticKernel {
    static final long BASE = 0xffff_ffff_8300_0000L;
    static final int SIZE = 8 << 20;
    static final long PHYSICAL = 0x1_5140_0000L;
    static final long LSTAR = BASE + 0x1080;
    static final long TEXT_END = BASE + 0x10_0000;
    private static final long BANNER = BASE + 0x11_0000;
    private static final long INIT_TASK = BASE + 0x12_0000;
    private static final long TABLES = BASE + 0x20_0000;
    private static final long BTF = BASE + 0x50_0000;

    /** A symbol before it is compressed. */
    record Definition(String name, char type, long address) {}

    AddressEncoding encoding = AddressEncoding.PLACE_RELATIVE;
    boolean addressesBeforeNames;
    boolean sequences = true;
    int alignment = 4;
    int levels = 4;
    int fillers = 2000;
    boolean btfSymbols = true;
    byte[] btf = types().bytes();
    String banner = "Linux version 6.66.6-test (a@b) (gcc) #1 SMP\n";
    final List<Definition> definitions = new ArrayList<>();
    private final byte[] image = new byte[SIZE];
    private long tablesEnd;

    SyntheticKernel() {
        define("_stext", 'T', BASE);
        define("entry_SYSCALL_64", 'T', LSTAR);
        define("_etext", 'T', TEXT_END);
        define("linux_banner", 'R', BANNER);
        define("init_task", 'D', INIT_TASK);
    }

    /** Returns the types of a small kernel. */
    static BtfWriter types() {
        BtfWriter writer = new BtfWriter();
        int integer = writer.integer("int", 4);
        int character = writer.integer("char", 1);
        writer.everyOtherKind();
        int comm = writer.array(character, 16);
        int id = writer.structure("", 4, BtfWriter.Member.at("val", integer, 0));
        int idName = writer.typedef("kuid_t", id);
        writer.structure(
                "cred",
                64,
                BtfWriter.Member.at("usage", integer, 0),
                BtfWriter.Member.at("uid", writer.modifier(10, idName), 8));
        int inner = writer.structure("", 24, BtfWriter.Member.at("deep", integer, 4));
        int choice = writer.union(
                "",
                24,
                BtfWriter.Member.at("other", integer, 0),
                BtfWriter.Member.at("", inner, 0));
        writer.structureWithBitFields(
                "task_struct",
                4096,
                BtfWriter.Member.at("self", writer.pointer(integer), 0),
                new BtfWriter.Member("flag", integer, 1 << 24 | 64),
                BtfWriter.Member.at("", choice, 32),
                BtfWriter.Member.at("pid", integer, 100),
                BtfWriter.Member.at("comm", comm, 200));
        return writer;
    }

    SyntheticKernel define(String name, char type, long address) {
        definitions.add(new Definition(name, type, address));
        return this;
    }

    /** Writes the image and returns the memory of a guest that runs it. */
    VirtualMemory boot() {
        write();
        SparseGuestMemory memory = new SparseGuestMemory(8L << 30);
        memory.write(PHYSICAL, image);
        PageTableWriter tables = new PageTableWriter(memory, 0x10_0000, levels);
        for (int at = 0; at < SIZE; at += 2 << 20) {
            tables.map(BASE + at, PHYSICAL + at, TableLevel.PD, PageTableWriter.WRITABLE);
        }
        return new VirtualMemory(tables.tables());
    }

    /** Returns the image, to be spoilt before it is used. */
    byte[] write() {
        for (int i = 0; i < fillers; i++) {
            long at = BASE + 0x2000 + (long) (i / 2) * (0xf_0000L / fillers * 2);
            define(
                    "filler_" + i * 7919 % fillers + (i % 3 == 0 ? "_lock" : ""),
                    i % 2 == 0 ? 't' : 'T',
                    at);
        }
        if (btfSymbols) {
            define("__start_BTF", 'R', BTF);
            define("__stop_BTF", 'R', BTF + btf.length);
        }
        definitions.sort((a, b) -> Long.compareUnsigned(a.address(), b.address()));
        put(BANNER, banner.getBytes(StandardCharsets.ISO_8859_1));
        put(INIT_TASK + 200, "swapper/0".getBytes(StandardCharsets.ISO_8859_1));
        put(BTF, btf);
        writeTables();
        return image;
    }

    /** Returns the first address behind kallsyms. */
    long tablesEnd() {
        return tablesEnd;
    }

    private void put(long va, byte[] bytes) {
        System.arraycopy(bytes, 0, image, (int) (va - BASE), bytes.length);
    }

    private void writeTables() {
        int count = definitions.size();
        List<String> tokens = tokens();
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        List<Integer> markers = new ArrayList<>();
        List<Integer> longestFirst = new ArrayList<>();
        for (int token = 0; token < 256; token++) {
            longestFirst.add(token);
        }
        longestFirst.sort(
                Comparator.comparing((Integer token) -> -tokens.get(token).length()));
        for (int i = 0; i < count; i++) {
            if (i % 256 == 0) {
                markers.add(names.size());
            }
            byte[] compressed = compress(
                    definitions.get(i).type() + definitions.get(i).name(), tokens, longestFirst);
            if (compressed.length > 0x7f) {
                names.write((compressed.length & 0x7f) | 0x80);
                names.write(compressed.length >> 7);
            } else {
                names.write(compressed.length);
            }
            names.writeBytes(compressed);
        }

        ByteBuffer out = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).position((int)
                (TABLES - BASE));
        if (addressesBeforeNames) {
            writeAddresses(out);
            out.putInt(align(out, 8), count);
            out.position(align(out, 8) + 4);
        } else {
            out.putInt(count);
        }
        out.position(align(out, alignment));
        out.put(names.toByteArray());
        out.position(align(out, alignment));
        markers.forEach(out::putInt);
        if (addressesBeforeNames && sequences) {
            writeSequences(out);
        }
        out.position(align(out, alignment));
        ByteBuffer index = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        int tokenTable = out.position();
        for (String token : tokens) {
            index.putShort((short) (out.position() - tokenTable));
            out.put(token.getBytes(StandardCharsets.ISO_8859_1)).put((byte) 0);
        }
        out.position(align(out, alignment));
        out.put(index.array());
        if (!addressesBeforeNames) {
            out.position(align(out, alignment));
            writeAddresses(out);
            if (sequences) {
                writeSequences(out);
            }
        }
        tablesEnd = BASE + out.position();
    }

    private void writeAddresses(ByteBuffer out) {
        if (encoding == AddressEncoding.ABSOLUTE) {
            out.position(align(out, 8));
            definitions.forEach(definition -> out.putLong(definition.address()));
            return;
        }
        for (Definition definition : definitions) {
            long address = definition.address();
            out.putInt((int)
                    switch (encoding) {
                        case RELATIVE -> address - BASE;
                        case RELATIVE_WITH_ABSOLUTE_PER_CPU ->
                            address >= 0 ? address : BASE - 1 - address;
                        case PLACE_RELATIVE -> address - (BASE + out.position());
                        default -> throw new IllegalStateException();
                    });
        }
        if (encoding != AddressEncoding.PLACE_RELATIVE) {
            out.position(align(out, 8));
            out.putLong(BASE);
        }
    }

    private void writeSequences(ByteBuffer out) {
        for (int i = 0; i < definitions.size(); i++) {
            out.put((byte) (i >> 16)).put((byte) (i >> 8)).put((byte) i);
        }
    }

    private static int align(ByteBuffer out, int alignment) {
        return out.position() + alignment - 1 & -alignment;
    }

    /** Characters in use stand for themselves; every other number is given a frequent piece. */
    private List<String> tokens() {
        Set<Character> used = new TreeSet<>();
        definitions.forEach(definition -> (definition.type() + definition.name() + "0123456789")
                .chars()
                .forEach(character -> used.add((char) character)));
        List<String> tokens = new ArrayList<>();
        for (int token = 0, piece = 0; token < 256; token++) {
            tokens.add(
                    used.contains((char) token)
                            ? String.valueOf((char) token)
                            : piece < 3
                                    ? List.of("tfiller_", "_lock", "Tfill").get(piece++)
                                    : String.format("%02d", piece++ % 100)
                                            + (piece > 100 ? "x" : ""));
        }
        return tokens;
    }

    private static byte[] compress(String name, List<String> tokens, List<Integer> longestFirst) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < name.length(); ) {
            for (int token : longestFirst) {
                if (name.startsWith(tokens.get(token), at)) {
                    out.write(token);
                    at += tokens.get(token).length();
                    break;
                }
            }
        }
        return out.toByteArray();
    }
}
