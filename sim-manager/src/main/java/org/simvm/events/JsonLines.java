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
import java.util.HexFormat;
import java.util.List;

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
    private static final HexFormat HEX = HexFormat.of();

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
        json.writeStringField("type", EventNames.kind(event));
        json.writeStringField("monitor", names.monitor(head.monitor()));
        json.writeNumberField("hook", head.hook() & 0xffffffffL);
        json.writeStringField("tsc", Long.toUnsignedString(head.tsc()));
        subject(json, "subject", head.subject());
        if (event instanceof Event.SyscallEvent syscall) {
            syscall(json, syscall);
        } else if (event instanceof Event.ForkEvent fork) {
            subject(json, "child", fork.child());
        } else if (event instanceof Event.ExecEvent exec) {
            json.writeStringField("path", exec.path().toString());
            texts(json, "argv", exec.arguments());
            json.writeNumberField("argc", exec.argumentCount());
        } else if (event instanceof Event.ExitEvent exit) {
            json.writeNumberField("code", exit.code());
            json.writeNumberField("status", exit.status());
            json.writeNumberField("signal", exit.signal());
        } else if (event instanceof Event.MonitorEvent other) {
            json.writeStringField("payload", HEX.formatHex(other.payload().bytes()));
            if (other.fault() != null) {
                json.writeStringField("fault", other.fault());
            }
        }
        if (head.truncated()) {
            json.writeBooleanField("truncated", true);
        }
        if (head.unreadable()) {
            json.writeBooleanField("unreadable", true);
        }
        json.writeEndObject();
        json.writeRaw('\n');
    }

    private static void syscall(JsonGenerator json, Event.SyscallEvent syscall) throws IOException {
        json.writeStringField("door", syscall.door().label());
        json.writeNumberField("number", syscall.number());
        json.writeStringField("name", syscall.name());
        json.writeArrayFieldStart("arguments");
        for (long argument : syscall.arguments()) {
            json.writeString(hex(argument));
        }
        json.writeEndArray();
        if (syscall.textArguments() != 0 || !syscall.texts().isEmpty()) {
            texts(json, "texts", syscall.texts());
            json.writeArrayFieldStart("textArguments");
            for (int i = 0; i < 6; i++) {
                if ((syscall.textArguments() >> i & 1) != 0) {
                    json.writeNumber(i);
                }
            }
            json.writeEndArray();
        }
    }

    private static void subject(JsonGenerator json, String name, Subject subject)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("pid", subject.pid());
        json.writeNumberField("tgid", subject.tgid());
        json.writeNumberField("ppid", subject.ppid());
        json.writeNumberField("uid", subject.uid());
        json.writeNumberField("euid", subject.euid());
        json.writeNumberField("gid", subject.gid());
        json.writeNumberField("egid", subject.egid());
        json.writeStringField("comm", subject.comm().toString());
        json.writeStringField("task", hex(subject.task()));
        json.writeEndObject();
    }

    private static void texts(JsonGenerator json, String name, List<GuestText> texts)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (GuestText text : texts) {
            json.writeString(text.toString());
        }
        json.writeEndArray();
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

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
