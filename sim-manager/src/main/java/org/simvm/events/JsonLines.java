// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Shows events as JSON, one object a line. Addresses and arguments are strings ({@code "0x7ffd…"}),
 * as a JSON number would lose bits; guest text is escaped as {@link GuestText} says. Not
 * thread-safe.
 *
 * <p>Always there: {@code time sequence type monitor hook tsc subject}. By type: {@code door number
 * name arguments texts textArguments}; {@code child}; {@code path argv argc}; {@code code status
 * signal}; {@code payload} (hex) and {@code fault}. Only when true: {@code truncated unreadable}.
 */
public final class JsonLines {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final EventNames names;
    private long shownNanos = Long.MIN_VALUE;
    private String shownTime;

    public JsonLines(EventNames names) {
        this.names = names;
    }

    /** Makes a generator that writes lines to a stream; {@link #write} does the rest. */
    static JsonGenerator generator(OutputStream out) throws IOException {
        JsonGenerator json = FACTORY.createGenerator(out);
        json.setRootValueSeparator(null);
        return json;
    }

    /** Gives one event as a line without its end. */
    public String line(Event event) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        try (JsonGenerator json = generator(bytes)) {
            write(json, event);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return bytes.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    /** Writes one event and the end of the line. */
    void write(JsonGenerator json, Event event) throws IOException {
        EventHead head = event.head();
        json.writeStartObject();
        json.writeStringField("time", time(head.receivedNanos()));
        if (names.domain() != null) {
            json.writeStringField("domain", names.domain());
        }
        json.writeNumberField("sequence", head.sequence());
        json.writeStringField("type", event.type().word());
        json.writeStringField("monitor", names.monitor(head.monitor()));
        json.writeNumberField("hook", head.hook() & 0xffffffffL);
        json.writeStringField("tsc", Long.toUnsignedString(head.tsc()));
        head.subject().writeJson("subject", json);
        event.writeJson(json);
        if (head.truncated()) {
            json.writeBooleanField("truncated", true);
        }
        if (head.unreadable()) {
            json.writeBooleanField("unreadable", true);
        }
        json.writeEndObject();
        json.writeRaw('\n');
    }

    /** Events of one batch share their time, so it is put into words once. */
    private String time(long nanos) {
        if (nanos != shownNanos) {
            shownNanos = nanos;
            shownTime = Instant.ofEpochSecond(
                            Math.floorDiv(nanos, 1_000_000_000L),
                            Math.floorMod(nanos, 1_000_000_000L))
                    .toString();
        }
        return shownTime;
    }
}
