// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.simvm.region.SimAbi;
import org.simvm.region.SimAbi.Payload;

/**
 * A kernel module is loaded; its init function is yet to be called.
 *
 * @param module its name
 */
public record ModuleEvent(EventHead head, GuestText module) implements Event {
    static final EventType<ModuleEvent> TYPE =
            new EventType<>(SimAbi.Event.MODULE, "module", ModuleEvent::decode);

    private static ModuleEvent decode(EventHead head, EventRecord record) throws RecordException {
        record.require(Payload.MODULE_SIZE);
        List<GuestText> texts =
                record.texts(Payload.MODULE_SIZE, record.getInt(Payload.MODULE_TEXT_COUNT));
        return new ModuleEvent(head, texts.isEmpty() ? GuestText.EMPTY : texts.get(0));
    }

    @Override
    public EventType<ModuleEvent> type() {
        return TYPE;
    }

    @Override
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("module", module.toString());
    }

    @Override
    public String describe(EventNames names) {
        return "loads module " + module.quoted();
    }
}
