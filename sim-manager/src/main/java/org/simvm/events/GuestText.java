// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Text that the guest chose: bytes, mostly UTF-8, maybe anything.
 *
 * <p>{@link #toString()} shows it so that it can do no harm on a terminal or in a log, and so that
 * two different byte strings never look alike: printable characters as they are, a backslash
 * doubled, {@code \n \r \t \0}, other control characters, bytes that are no UTF-8 as {@code \xHH},
 * and characters that turn or hide text (bidirectional marks, separators, unassigned) as <code>
 * &#92;u{HHHH}</code>.
 */
public final class GuestText {
    /** No bytes at all. */
    public static final GuestText EMPTY = new GuestText(new byte[0]);

    private final byte[] bytes;

    private GuestText(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Takes a copy of the bytes. */
    public static GuestText of(byte[] bytes, int offset, int length) {
        return length == 0
                ? EMPTY
                : new GuestText(Arrays.copyOfRange(bytes, offset, offset + length));
    }

    /** Takes a copy of the bytes. */
    public static GuestText of(byte[] bytes) {
        return of(bytes, 0, bytes.length);
    }

    /** Gives a copy of the bytes as the guest had them. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Counts the bytes. */
    public int length() {
        return bytes.length;
    }

    /** Shows the text escaped and in double quotes. */
    String quoted() {
        return '"' + toString().replace("\"", "\\\"") + '"';
    }

    /** Shows each text as {@link #quoted()} does, with commas between them. */
    static String quoted(List<GuestText> texts) {
        return texts.stream().map(GuestText::quoted).collect(Collectors.joining(", "));
    }

    static void writeJson(String name, List<GuestText> texts, JsonGenerator json)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (GuestText text : texts) {
            json.writeString(text.toString());
        }
        json.writeEndArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GuestText text && Arrays.equals(bytes, text.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Shows the text escaped: one line, safe on a terminal. */
    @Override
    public String toString() {
        return TextEscape.escape(bytes);
    }
}
