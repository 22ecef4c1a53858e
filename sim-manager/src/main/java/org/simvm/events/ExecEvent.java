// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.simvm.region.SimAbi;
import org.simvm.region.SimAbi.Payload;

/**
 * A program is executed.
 *
 * @param path the program
 * @param arguments as many of {@code argv} as fit
 * @param argumentCount what the guest says {@code argc} is, unsigned 32 bits
 */
public record ExecEvent(
        EventHead head, GuestText path, List<GuestText> arguments, long argumentCount)
        implements Event {
    static final EventType<ExecEvent> TYPE =
            new EventType<>(SimAbi.Event.EXEC, "exec", ExecEvent::decode);

    public ExecEvent {
        arguments = List.copyOf(arguments);
    }

    private static ExecEvent decode(EventHead head, EventRecord record) throws RecordException {
        record.require(Payload.EXEC_SIZE);
        List<GuestText> texts =
                record.texts(Payload.EXEC_SIZE, record.getInt(Payload.EXEC_TEXT_COUNT));
        return new ExecEvent(
                head,
                texts.isEmpty() ? GuestText.EMPTY : texts.get(0),
                texts.isEmpty() ? texts : texts.subList(1, texts.size()),
                record.getUnsignedInt(Payload.EXEC_ARGUMENT_COUNT));
    }

    @Override
    public EventType<ExecEvent> type() {
        return TYPE;
    }

    @Override
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("path", path.toString());
        GuestText.writeJson("argv", arguments, json);
        json.writeNumberField("argc", argumentCount);
    }

    @Override
    public String describe(EventNames names) {
        long left = argumentCount - arguments.size();
        return path.quoted() + " [" + GuestText.quoted(arguments)
                + (left > 0 ? ", and " + left + " more" : "") + "]";
    }
}
