// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import org.simvm.region.SimAbi;
import org.simvm.region.SimAbi.Payload;

/**
 * A task ends.
 *
 * @param code as in wait(2): status &lt;&lt; 8 | signal
 */
public record ExitEvent(EventHead head, int code) implements Event {
    static final EventType<ExitEvent> TYPE =
            new EventType<>(SimAbi.Event.EXIT, "exit", ExitEvent::decode);

    private static ExitEvent decode(EventHead head, EventRecord record) throws RecordException {
        record.require(Payload.EXIT_SIZE);
        return new ExitEvent(head, record.getInt(Payload.EXIT_CODE));
    }

    @Override
    public EventType<ExitEvent> type() {
        return TYPE;
    }

    /** Returns the exit status, 0..255. */
    public int status() {
        return code >>> 8 & 0xff;
    }

    /** Returns the signal that ended it, 0 if none. */
    public int signal() {
        return code & 0x7f;
    }

    @Override
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeNumberField("code", code);
        json.writeNumberField("status", status());
        json.writeNumberField("signal", signal());
    }

    @Override
    public String describe(EventNames names) {
        return signal() != 0 ? "killed by signal " + signal() : "exit status " + status();
    }
}
