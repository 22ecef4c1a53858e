// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.BitSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.simvm.control.ControlException;
import org.simvm.events.Event;
import org.simvm.events.EventType;
import org.simvm.region.SimAbi;

/** Which types of events somebody wants to see. */
final class EventFilter implements Predicate<Event> {
    private final BitSet types;

    private EventFilter(BitSet types) {
        this.types = types;
    }

    /** Takes a JSON array of type names or numbers; all types if it is missing or empty. */
    static EventFilter of(JsonNode names) throws ControlException {
        BitSet types = new BitSet(SimAbi.Event.TYPES);
        for (JsonNode name : names) {
            types.set(number(name.asText()));
        }
        if (types.isEmpty()) {
            types.set(0, SimAbi.Event.TYPES);
        }
        return new EventFilter(types);
    }

    private static int number(String name) throws ControlException {
        return EventType.named(name)
                .orElseThrow(() -> new ControlException("there is no event type '" + name
                        + "'; use "
                        + EventType.known().stream()
                                .map(EventType::word)
                                .collect(Collectors.joining(", "))
                        + " or event-N with N below " + SimAbi.Event.TYPES))
                .number();
    }

    @Override
    public boolean test(Event event) {
        return types.get(event.type().number());
    }
}
