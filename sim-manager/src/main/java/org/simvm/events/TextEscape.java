// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Shows bytes that a guest chose as one line of harmless text; the form is described at
 * {@link GuestText}.
 */
final class TextEscape {
    private TextEscape() {}

    static String escape(byte[] bytes) {
        for (byte each : bytes) {
            if (each < 0x20 || each == 0x7f || each == '\\') {
                return escapeSlowly(bytes);
            }
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String escapeSlowly(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length + 16);
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            out.flip();
            out.codePoints().forEach(codePoint -> append(text, codePoint));
            out.clear();
            if (!result.isError()) {
                return text.toString();
            }
            for (int i = 0; i < result.length(); i++) {
                text.append(String.format("\\x%02x", in.get() & 0xff));
            }
            decoder.reset();
        }
    }

    private static void append(StringBuilder text, int codePoint) {
        switch (codePoint) {
            case '\\' -> text.append("\\\\");
            case '\n' -> text.append("\\n");
            case '\r' -> text.append("\\r");
            case '\t' -> text.append("\\t");
            case 0 -> text.append("\\0");
            default -> {
                if (codePoint < 0x80) {
                    if (codePoint < 0x20 || codePoint == 0x7f) {
                        text.append(String.format("\\x%02x", codePoint));
                    } else {
                        text.append((char) codePoint);
                    }
                } else if (isHarmless(codePoint)) {
                    text.appendCodePoint(codePoint);
                } else {
                    text.append(String.format("\\u{%x}", codePoint));
                }
            }
        }
    }

    private static boolean isHarmless(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }
}
