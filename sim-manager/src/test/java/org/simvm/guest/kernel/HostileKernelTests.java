// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.simvm.guest.memory.SparseGuestMemory;
import org.simvm.guest.paging.PageTableWriter;
import org.simvm.guest.paging.TableLevel;
import org.simvm.guest.paging.VirtualMemory;

/** Kernel images that a hostile guest wrote: the resolver answers or refuses, in bounded time. */
class HostileKernelTests {
    private static final byte[] IMAGE = new SyntheticKernel().write();
    private static final int TABLES = 0x20_0000;
    private static final int TABLES_SIZE = 0x1_5000;
    private static final int BTF = 0x50_0000;
    private static final int BTF_SIZE = SyntheticKernel.types().bytes().length;

    private static VirtualMemory mapped(byte[] image) {
        SparseGuestMemory memory = new SparseGuestMemory(1L << 30);
        memory.write(0, image);
        PageTableWriter tables = new PageTableWriter(memory, 0x3000_0000, 4);
        for (int at = 0; at < image.length; at += 2 << 20) {
            tables.map(SyntheticKernel.BASE + at, at, TableLevel.PD, 0);
        }
        return new VirtualMemory(tables.tables());
    }

    /** Resolves, asks for everything, and takes nothing but an answer or the checked exception. */
    private static void survives(byte[] image) {
        assertTimeout(Duration.ofSeconds(20), () -> {
            try {
                Kernel kernel = KernelResolver.resolve(mapped(image), OptionalLong.empty());
                assertNotNull(kernel.symbolAt(SyntheticKernel.LSTAR + 5).toString());
                kernel.symbols("init_task");
                kernel.requireOffset("cred.uid.val");
                kernel.requireOffset("task_struct.deep");
                kernel.requireSize("task_struct");
            } catch (KernelUnresolvedException e) {
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
                assertTrue(
                        e.getMessage().chars().allMatch(c -> c >= ' ' && c < 0x7f), e.getMessage());
            }
        });
    }

    @Property(tries = 60)
    void spoiltBytesInKallsyms(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int changes) {
        survives(spoilt(seed, changes, TABLES, TABLES_SIZE));
    }

    @Property(tries = 60)
    void spoiltBytesInBtf(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int changes) {
        survives(spoilt(seed, changes, BTF, BTF_SIZE));
    }

    private static byte[] spoilt(long seed, int changes, int from, int size) {
        byte[] image = IMAGE.clone();
        Random random = new Random(seed);
        for (int i = 0; i < changes; i++) {
            image[from + random.nextInt(size)] =
                    (byte) (random.nextBoolean() ? random.nextInt() : 0xff);
        }
        return image;
    }

    @Property(tries = 20)
    void randomImages(@ForAll long seed) {
        byte[] image = new byte[2 << 20];
        new Random(seed).nextBytes(image);
        survives(image);
    }

    @Property(tries = 300)
    void arbitraryBytesAsBtf(@ForAll byte[] types, @ForAll byte[] strings) {
        byte[] bytes = ByteBuffer.allocate(24 + types.length + strings.length + 2)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) TypeTable.MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putInt(24)
                .putInt(0)
                .putInt(types.length)
                .putInt(types.length)
                .putInt(strings.length + 2)
                .put(types)
                .put((byte) 0)
                .put(strings)
                .put((byte) 0)
                .array();
        try {
            TypeTable table = TypeTable.parse(bytes);
            new MemberPath("a", List.of("b")).resolve(table);
        } catch (TypeTable.MalformedException e) {
            assertTrue(e.getMessage().length() > 0);
        }
    }

    @Example
    void anImageOfDigitsOnly() {
        byte[] image = new byte[32 << 20];
        for (int i = 0; i < image.length; i += 2) {
            image[i] = (byte) ('0' + i / 2 % 10);
        }
        survives(image);
    }

    @Example
    void wordsThatAllLookLikeMarkersAndCounts() {
        byte[] image = new byte[16 << 20];
        System.arraycopy(IMAGE, TABLES, image, image.length - (1 << 20), TABLES_SIZE);
        ByteBuffer words =
                ByteBuffer.wrap(image, 0, image.length - (1 << 20)).order(ByteOrder.LITTLE_ENDIAN);
        for (int value = 0; words.remaining() >= 4; value = value > 900_000 ? 0 : value + 600) {
            words.putInt(value);
        }
        // Makes the true names unusable, so that the search goes on backwards.
        image[image.length - (1 << 20) + 4]++;
        survives(image);
    }

    @Example
    void structuresThatContainThemselvesOverAndOver() throws Exception {
        BtfWriter types = new BtfWriter();
        BtfWriter.Member[] members = new BtfWriter.Member[2000];
        Arrays.fill(members, BtfWriter.Member.at("", 1, 0));
        types.structure("a", 8, members);
        TypeTable table = TypeTable.parse(types.bytes());
        assertTimeout(
                Duration.ofSeconds(2),
                () -> assertEquals(
                        MemberPath.UNUSABLE, MemberPath.parse("a.b").get(0).resolve(table)));
    }

    @Example
    void typedefsInACircle() throws Exception {
        BtfWriter types = new BtfWriter();
        types.typedef("x", 2);
        types.typedef("y", 1);
        types.structure("a", 8, BtfWriter.Member.at("b", 1, 0), BtfWriter.Member.at("", 1, 4));
        TypeTable table = TypeTable.parse(types.bytes());
        assertEquals(0, MemberPath.parse("a.b").get(0).resolve(table));
        assertEquals(MemberPath.MISSING, MemberPath.parse("a.b.c").get(0).resolve(table));
        assertEquals(MemberPath.MISSING, MemberPath.parse("a.c").get(0).resolve(table));
    }

    @Example
    void tangledStructuresThatAllHaveTheSameName() throws Exception {
        BtfWriter types = new BtfWriter();
        for (int i = 1; i <= 2000; i++) {
            BtfWriter.Member[] members = new BtfWriter.Member[100];
            Arrays.fill(members, BtfWriter.Member.at("", i, 0));
            types.structure("a", 8, members);
        }
        TypeTable table = TypeTable.parse(types.bytes());
        assertTimeout(
                Duration.ofSeconds(2),
                () -> assertEquals(
                        MemberPath.UNUSABLE, MemberPath.parse("a.b").get(0).resolve(table)));
    }

    @Example
    void twoHundredThousandStructuresOfOneName() throws Exception {
        BtfWriter types = new BtfWriter();
        for (int i = 0; i < 200_000; i++) {
            types.structure("a", i, BtfWriter.Member.at("b", 0, i));
        }
        TypeTable table = TypeTable.parse(types.bytes());
        assertTimeout(
                Duration.ofSeconds(5),
                () -> assertEquals(
                        MemberPath.AMBIGUOUS, MemberPath.parse("a.b").get(0).resolve(table)));
    }
}
