// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.util.HexFormat;

/**
 * An event of a third party's monitor, or one whose payload is not as its type demands.
 *
 * @param number of the type
 * @param payload what follows the head, padding included
 * @param fault null, or why a known type could not be decoded
 */
public record MonitorEvent(EventHead head, int number, GuestText payload, String fault)
        implements Event {
    private static final HexFormat HEX = HexFormat.of();

    @Override
    public EventType<?> type() {
        return EventType.undecoded(number);
    }

    @Override
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("payload", HEX.formatHex(payload.bytes()));
        if (fault != null) {
            json.writeStringField("fault", fault);
        }
    }

    @Override
    public String describe(EventNames names) {
        return names.monitor(head.monitor()) + ": " + payload.length() + " bytes"
                + (fault != null ? ", not understood: " + fault : "");
    }
}
