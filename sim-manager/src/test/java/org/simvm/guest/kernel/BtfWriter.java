// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes BTF for tests, by the layout in {@code include/uapi/linux/btf.h}. Each method returns the
 * new type's number.
 */
final class BtfWriter {
    private final ByteArrayOutputStream types = new ByteArrayOutputStream();
    private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
    private int count;

    /**
     * A member: name (empty for none), type, and bit offset with the size of a bit field in the top
     * 8 bits.
     */
    record Member(String name, int type, int offset) {
        static Member at(String name, int type, int byteOffset) {
            return new Member(name, type, byteOffset * 8);
        }
    }

    BtfWriter() {
        strings.write(0);
    }

    int integer(String name, int size) {
        return type(name, 1, 0, false, size, size * 8);
    }

    int pointer(int type) {
        return type("", 2, 0, false, type);
    }

    int array(int type, int length) {
        return type("", 3, 0, false, 0, type, type, length);
    }

    int structure(String name, int size, Member... members) {
        return structure(4, name, size, false, members);
    }

    int structureWithBitFields(String name, int size, Member... members) {
        return structure(4, name, size, true, members);
    }

    int union(String name, int size, Member... members) {
        return structure(5, name, size, false, members);
    }

    private int structure(int kind, String name, int size, boolean bitFields, Member... members) {
        List<Integer> rest = new ArrayList<>();
        for (Member member : members) {
            rest.addAll(List.of(string(member.name()), member.type(), member.offset()));
        }
        return type(
                name,
                kind,
                members.length,
                bitFields,
                size,
                rest.stream().mapToInt(i -> i).toArray());
    }

    int typedef(String name, int type) {
        return type(name, 8, 0, false, type);
    }

    /**
     * Writes a {@code volatile} (9), {@code const} (10), {@code restrict} (11) or type tag (18).
     */
    int modifier(int kind, int type) {
        return type("", kind, 0, false, type);
    }

    /** Writes one type of every other kind, which a reader must step over. */
    void everyOtherKind() {
        type("e", 6, 2, false, 4, string("A"), 0, string("B"), 1);
        type("forward", 7, 0, false, 0);
        int prototype = type("", 13, 2, false, 0, string("x"), 1, 0, 0);
        int function = type("f", 12, 1, false, prototype);
        type("v", 14, 0, false, 1, 1);
        type(".data", 15, 1, false, 8, 1, 0, 8);
        type("float", 16, 0, false, 4);
        type("tag", 17, 0, false, function, -1);
        type("e64", 19, 1, true, 8, string("C"), 1, 2);
    }

    /** Writes a function that takes these types. */
    int function(String name, int... parameters) {
        int[] rest = new int[2 * parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            rest[2 * i + 1] = parameters[i];
        }
        return type(name, 12, 1, false, type("", 13, parameters.length, false, 0, rest));
    }

    private int type(
            String name, int kind, int elements, boolean flag, int sizeOrType, int... rest) {
        ByteBuffer type = ByteBuffer.allocate(12 + 4 * rest.length).order(ByteOrder.LITTLE_ENDIAN);
        type.putInt(string(name))
                .putInt((flag ? 1 << 31 : 0) | kind << 24 | elements)
                .putInt(sizeOrType);
        for (int word : rest) {
            type.putInt(word);
        }
        types.writeBytes(type.array());
        return ++count;
    }

    private int string(String text) {
        if (text.isEmpty()) {
            return 0;
        }
        int at = strings.size();
        strings.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
        strings.write(0);
        return at;
    }

    byte[] bytes() {
        return ByteBuffer.allocate(24 + types.size() + strings.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) 0xeb9f)
                .put((byte) 1)
                .put((byte) 0)
                .putInt(24)
                .putInt(0)
                .putInt(types.size())
                .putInt(types.size())
                .putInt(strings.size())
                .put(types.toByteArray())
                .put(strings.toByteArray())
                .array();
    }
}
