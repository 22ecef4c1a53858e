// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/**
 * Whatever bytes a guest chooses: an event comes out, and every way of showing it is harmless and
 * one line.
 */
class HostileRecordTests {
    private final ObjectMapper mapper = new ObjectMapper();
    private final EventNames names = new EventNames("debian", List.of("syscalls", "process"));

    private void showable(Event event) throws IOException {
        String json = new JsonLines(names).line(event);
        assertFalse(json.contains("\n") || json.contains("\r"));
        JsonNode node = mapper.readTree(json);
        assertEquals(event.head().sequence(), node.get("sequence").longValue());
        assertEquals(
                event.head().subject().comm().toString(),
                node.get("subject").get("comm").textValue());
        String line = new TextLine(names, ZoneOffset.UTC).line(event);
        line.codePoints()
                .forEach(each -> assertTrue(
                        each == ' '
                                || (!Character.isISOControl(each)
                                        && !Character.isWhitespace(each)
                                        && Character.getType(each) != Character.FORMAT),
                        () -> "U+" + Integer.toHexString(each)));
    }

    @Property(tries = 2000)
    void anyBytesAreAnEventThatCanBeShown(
            @ForAll @Size(min = 88, max = 400) byte[] bytes,
            @ForAll @IntRange(min = 0, max = 40) int type)
            throws IOException {
        ByteBuffer record = ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length / 8 * 8))
                .order(ByteOrder.LITTLE_ENDIAN);
        record.putInt(0, record.limit()).putShort(4, (short) type);
        Event event = EventDecoder.decode(record, 5);
        assertEquals(type, event.type().number());
        showable(event);
    }

    @Property(tries = 2000)
    void anyPayloadOfASystemCallIsAnEventThatCanBeShown(
            @ForAll @Size(min = 8, max = 200) byte[] texts,
            @ForAll @IntRange(max = 5) int count,
            @ForAll @IntRange(max = 63) int arguments,
            @ForAll @IntRange(max = 2) int door,
            @ForAll int number)
            throws IOException {
        byte[] bytes = Arrays.copyOf(
                RecordBuilder.syscall(door, number)
                        .put(144, count)
                        .put(148, arguments)
                        .record()
                        .array(),
                152 + texts.length / 8 * 8);
        System.arraycopy(texts, 0, bytes, 152, texts.length / 8 * 8);
        showable(EventDecoder.decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 5));
    }

    @Property(tries = 2000)
    void differentBytesNeverLookAlike(
            @ForAll @Size(max = 12) byte[] one, @ForAll @Size(max = 12) byte[] other) {
        assertEquals(
                Arrays.equals(one, other),
                GuestText.of(one).toString().equals(GuestText.of(other).toString()));
    }

    @Property(tries = 2000)
    void textsThatDifferInOneByteNeverLookAlike(
            @ForAll @Size(min = 1, max = 12) byte[] one,
            @ForAll @IntRange(max = 11) int where,
            @ForAll byte what) {
        byte[] other = one.clone();
        other[where % other.length] ^= what == 0 ? 1 : what;
        assertNotEquals(GuestText.of(one).toString(), GuestText.of(other).toString());
    }
}
