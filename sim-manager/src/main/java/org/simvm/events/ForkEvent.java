// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import org.simvm.region.SimAbi;
import org.simvm.region.SimAbi.Payload;

/**
 * A task was created; the subject is its parent.
 *
 * @param child the new task
 */
public record ForkEvent(EventHead head, Subject child) implements Event {
    static final EventType<ForkEvent> TYPE =
            new EventType<>(SimAbi.Event.FORK, "fork", ForkEvent::decode);

    private static ForkEvent decode(EventHead head, EventRecord record) throws RecordException {
        record.require(Payload.FORK_SIZE);
        return new ForkEvent(head, record.subject(Payload.FORK_CHILD));
    }

    @Override
    public EventType<ForkEvent> type() {
        return TYPE;
    }

    @Override
    public void writeJson(JsonGenerator json) throws IOException {
        child.writeJson("child", json);
    }

    @Override
    public String describe(EventNames names) {
        return (child.pid() == child.tgid() ? "created process " : "created thread ") + child.pid()
                + " (" + child.comm() + ")";
    }
}
