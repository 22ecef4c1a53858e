// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.simvm.fuzzing.FuzzInput;

/**
 * BTF of the guest's choosing.
 *
 * <p>Input: one byte, whether the rest is all of BTF (0), or types behind a header that fits (else:
 * 2 bytes their length, the types, and the strings).
 */
public final class TypesFuzzing {
    private static final List<String> PATHS = List.of(
            "a.b", "task_struct.comm", "cred.uid.val", "task_struct.deep", "a.b.c|task_struct.pid");

    private TypesFuzzing() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        byte[] btf = input.below(2) == 0
                ? input.rest()
                : withHeader(input.bytes((int) input.number(2)), input.rest());
        try {
            TypeTable table = TypeTable.parse(btf);
            for (String path : PATHS) {
                for (MemberPath alternative : MemberPath.parse(path)) {
                    alternative.resolve(table);
                }
            }
            table.prototypes("f");
        } catch (TypeTable.MalformedException e) {
            if (e.getMessage().isEmpty() || e.getMessage().lines().count() != 1) {
                throw new AssertionError("not one line: " + e.getMessage(), e);
            }
        }
    }

    private static byte[] withHeader(byte[] types, byte[] strings) {
        return ByteBuffer.allocate(TypeTable.HEADER_SIZE + types.length + strings.length + 2)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) TypeTable.MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putInt(TypeTable.HEADER_SIZE)
                .putInt(0)
                .putInt(types.length)
                .putInt(types.length)
                .putInt(strings.length + 2)
                .put(types)
                .put((byte) 0)
                .put(strings)
                .put((byte) 0)
                .array();
    }
}
