// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;

/**
 * Records of the ring, shown as text and JSON. Input: the bytes of one record, whose size is made
 * to fit.
 */
public final class EventFuzzing {
    private static final int LEAST = 88;
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final EventNames NAMES =
            new EventNames("debian", List.of("syscalls", "process"));

    private EventFuzzing() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws JsonProcessingException {
        byte[] record =
                Arrays.copyOf(bytes, Math.max(LEAST, Math.min(bytes.length, 64 << 10) / 8 * 8));
        ByteBuffer buffer =
                ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).putInt(0, record.length);
        Event event = EventDecoder.decode(buffer, 5);
        String json = new JsonLines(NAMES).line(event);
        MAPPER.readTree(json);
        String text = new TextLine(NAMES, ZoneOffset.UTC).line(event);
        if (json.indexOf('\n') >= 0
                || json.indexOf('\r') >= 0
                || !text.codePoints()
                        .allMatch(each -> each == ' '
                                || (!Character.isISOControl(each)
                                        && !Character.isWhitespace(each)
                                        && Character.getType(each) != Character.FORMAT))) {
            throw new AssertionError("not one harmless line: " + json + " / " + text);
        }
    }
}
