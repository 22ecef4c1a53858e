// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;

/** What a monitor saw. All there is to an event of one type is in the class that implements it. */
public interface Event {
    /** What every event has. */
    EventHead head();

    /** The event's type. */
    EventType<?> type();

    /** Writes the fields that this type of event has besides its head. */
    void writeJson(JsonGenerator json) throws IOException;

    /** Returns what happened, for people: {@code exit status 0}. */
    String describe(EventNames names);
}
