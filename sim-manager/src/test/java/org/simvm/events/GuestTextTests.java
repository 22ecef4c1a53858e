// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** How text that a guest chose is shown. */
class GuestTextTests {
    private static String shown(int... bytes) {
        byte[] content = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            content[i] = (byte) bytes[i];
        }
        return GuestText.of(content).toString();
    }

    private static String shown(String text) {
        return GuestText.of(text.getBytes(StandardCharsets.UTF_8)).toString();
    }

    @Test
    void printableTextIsShownAsItIs() {
        assertEquals("/usr/bin/ls -l \"x\"", shown("/usr/bin/ls -l \"x\""));
        assertEquals("Grüße/日本", shown("Grüße/日本"));
        assertEquals("", shown(""));
    }

    @Test
    void whatCouldMoveTheCursorIsEscaped() {
        assertEquals("a\\nb\\rc\\td\\0", shown("a\nb\rc\td\0"));
        assertEquals("\\x1b[31mred", shown("\u001b[31mred"));
        assertEquals("\\u{9b}31m", shown("\u009b31m"));
        assertEquals("\\x7f", shown("\u007f"));
    }

    @Test
    void aBackslashIsDoubledSoThatNothingCanPretendToBeEscaped() {
        assertEquals("\\\\n", shown("\\n"));
        assertEquals("\\\\x1b", shown("\\x1b"));
    }

    @Test
    void whatTurnsOrHidesTextIsEscaped() {
        assertEquals("\\u{202e}exe.txt", shown("\u202eexe.txt"));
        assertEquals("a\\u{200b}b\\u{2028}\\u{a0}", shown("a\u200bb\u2028\u00a0"));
    }

    @Test
    void whatIsNoUtf8IsShownByteByByte() {
        assertEquals("\\xff\\xfe", shown(0xff, 0xfe));
        assertEquals("\\xc3", shown(0xc3));
        assertEquals("\\xc0\\x80", shown(0xc0, 0x80));
        assertEquals("\\xed\\xa0\\x80", shown(0xed, 0xa0, 0x80));
        assertEquals("\\xf4\\x90\\x80\\x80", shown(0xf4, 0x90, 0x80, 0x80));
        assertEquals("a\\xe2\\x82b", shown('a', 0xe2, 0x82, 'b'));
    }
}
