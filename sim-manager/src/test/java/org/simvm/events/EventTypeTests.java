// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.simvm.region.SimAbi;
import org.simvm.settings.OutletSettings;

/** The table of event types. */
class EventTypeTests {
    @Test
    void numbersAreThoseOfTheAbiWithoutGaps() {
        List<Integer> numbers =
                EventType.known().stream().map(EventType::number).toList();
        assertEquals(IntStream.rangeClosed(1, numbers.size()).boxed().toList(), numbers);
        assertTrue(numbers.size() < SimAbi.Event.MONITOR_FIRST);
    }

    @Test
    void eachWordCanBeSentToAnOutlet() {
        for (EventType<?> type : EventType.known()) {
            assertTrue(OutletSettings.KINDS.contains(type.word()), type.word());
        }
    }

    @Test
    void isFoundByWordOrNumber() {
        assertEquals(Optional.of(ForkEvent.TYPE), EventType.named("fork"));
        assertEquals(Optional.of(ForkEvent.TYPE), EventType.named("event-2"));
        assertEquals(Optional.of(ForkEvent.TYPE), EventType.named("2"));
        assertEquals(Optional.of("event-31"), EventType.named("31").map(EventType::word));
        assertEquals(Optional.empty(), EventType.named("32"));
        assertEquals(Optional.empty(), EventType.named("forks"));
        assertEquals(Optional.empty(), EventType.named("-1"));
    }

    @Test
    void aTypeThatIsNotKnownKeepsItsNumber() {
        Event event = RecordBuilder.other(17, 16).event();
        assertEquals(17, event.type().number());
        assertEquals("event-17", event.type().word());
    }
}
