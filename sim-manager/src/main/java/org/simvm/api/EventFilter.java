// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.util.BitSet;
import java.util.List;
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

    /**
     * Takes names or numbers of types; all types if there are none.
     *
     * @throws ControlException there is no such type
     */
    static EventFilter of(List<String> names) throws ControlException {
        BitSet types = new BitSet(SimAbi.Event.TYPES);
        for (String name : names) {
            types.set(number(name));
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
