// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A kernel's build ID")
class BuildIdTests {
    private static ByteBuffer notes(Object... parts) {
        ByteBuffer notes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        for (Object part : parts) {
            if (part instanceof Integer word) {
                notes.putInt(word);
            } else {
                notes.put((byte[]) part);
            }
        }
        return notes.flip();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    @DisplayName("is found behind notes of other kinds, padding and all")
    void isFound() {
        assertEquals(
                Optional.of("0aff10"),
                BuildId.find(notes(
                        6,
                        5,
                        3,
                        text("Linux\0\0\0"),
                        text("12345\0\0\0"),
                        4,
                        0,
                        1,
                        text("GNU\0"),
                        4,
                        3,
                        3,
                        text("GNU\0"),
                        new byte[] {10, -1, 16, 0})));
    }

    @Test
    @DisplayName("is not made up from notes that are malformed")
    void malformed() {
        assertEquals(Optional.empty(), BuildId.find(notes()));
        assertEquals(Optional.empty(), BuildId.find(notes(4, 3)));
        assertEquals(Optional.empty(), BuildId.find(notes(4, 65, 3, text("GNU\0"), new byte[68])));
        assertEquals(Optional.empty(), BuildId.find(notes(4, 0, 3, text("GNU\0"))));
        for (int size : new int[] {-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 30}) {
            assertEquals(Optional.empty(), BuildId.find(notes(size, 3, 3, text("GNU\0"), 1)));
            assertEquals(Optional.empty(), BuildId.find(notes(4, size, 3, text("GNU\0"), 1)));
        }
    }

    @Test
    @DisplayName("is looked for in any bytes without a failure")
    void anyBytes() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(64)];
            for (int j = 0; j < bytes.length; j++) {
                bytes[j] = (byte) (random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(8));
            }
            BuildId.find(ByteBuffer.wrap(bytes));
        }
    }
}
