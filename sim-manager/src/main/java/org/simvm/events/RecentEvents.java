// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;

/** Keeps the last events of a domain, for whoever asks what just happened. */
public final class RecentEvents implements EventSink {
    /** Events kept. */
    public static final int CAPACITY = 1024;

    private final Deque<Event> events = new ArrayDeque<>(CAPACITY);

    @Override
    public synchronized void accept(Event event) {
        if (events.size() == CAPACITY) {
            events.removeFirst();
        }
        events.addLast(event);
    }

    /** Returns at most {@code limit} of the wanted events, the youngest of them, oldest first. */
    public synchronized List<Event> last(int limit, Predicate<Event> wanted) {
        List<Event> found = new ArrayList<>(events.stream().filter(wanted).toList());
        return List.copyOf(found.subList(Math.max(0, found.size() - limit), found.size()));
    }
}
