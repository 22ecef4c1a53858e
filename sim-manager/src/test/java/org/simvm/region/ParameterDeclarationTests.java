// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Parameters of the domain XML become bytes for the monitor. */
class ParameterDeclarationTests {
    private final ParameterDeclaration number =
            new ParameterDeclaration("depth", ParameterDeclaration.Type.NUMBER, 0, 8, Map.of());
    private final ParameterDeclaration flag =
            new ParameterDeclaration("argv", ParameterDeclaration.Type.BOOLEAN, 0, 8, Map.of());
    private final ParameterDeclaration set = new ParameterDeclaration(
            "calls",
            ParameterDeclaration.Type.SET,
            0,
            16,
            Map.of("open", List.of(2, 69), "close", List.of(3)));

    @ParameterizedTest
    @CsvSource({"0, 0", "17, 17", "0x10, 16", "18446744073709551615, -1", "0xffffffffffffffff, -1"})
    void numbers(String text, long value) throws RegionException {
        assertEquals(
                value,
                ByteBuffer.wrap(number.encode(text))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getLong());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "+1", "18446744073709551616", "ten", "0x", "0x+1", "1 ", ""})
    void noNumbers(String text) {
        assertEquals(
                "parameter depth: '" + text
                        + "' is not a number from 0 to 2^64 - 1, decimal or with 0x",
                assertThrows(RegionException.class, () -> number.encode(text)).getMessage());
    }

    @Test
    void yesAndNo() throws RegionException {
        assertEquals(1, flag.encode("yes")[0]);
        assertEquals(0, flag.encode("no")[0]);
        assertEquals(
                "parameter argv: 'true' is not yes or no",
                assertThrows(RegionException.class, () -> flag.encode("true")).getMessage());
    }

    @Test
    void setsOfNames() throws RegionException {
        assertArrayEquals(new byte[16], set.encode("none"));
        byte[] bits = set.encode("open, close");
        assertEquals(0b1100, bits[0]);
        assertEquals(1 << 5, bits[8]);
        assertEquals(
                "parameter calls: 'opne' is none of its 2 names (did you mean 'open'?);"
                        + " write 'all', 'none' or names separated by commas",
                assertThrows(RegionException.class, () -> set.encode("close,opne"))
                        .getMessage());
        assertEquals(
                "parameter calls: 'frobnicate' is none of its 2 names;"
                        + " write 'all', 'none' or names separated by commas",
                assertThrows(RegionException.class, () -> set.encode("frobnicate"))
                        .getMessage());
        assertThrows(RegionException.class, () -> set.encode(""));
    }

    @Test
    void allIsEveryBitNamedOrNot() throws RegionException {
        for (byte each : set.encode("all")) {
            assertEquals(-1, each);
        }
    }
}
