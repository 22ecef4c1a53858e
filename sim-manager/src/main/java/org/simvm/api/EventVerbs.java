// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import org.simvm.control.ControlException;
import org.simvm.events.RecentEvents;
import org.simvm.protocol.EventLines;
import org.simvm.protocol.EventsRequest;
import org.simvm.protocol.Verbs;
import org.simvm.registry.DomainRegistry;

/** The verb that shows what guests do. */
public final class EventVerbs implements VerbGroup {
    private static final int DEFAULT_EVENTS = 20;

    private final DomainRegistry registry;

    public EventVerbs(DomainRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void addTo(HandlerTable table) {
        table.on(Verbs.EVENTS, this::events);
    }

    private void events(EventsRequest request, Exchange<EventLines> exchange)
            throws ControlException, IOException, InterruptedException {
        long limit = request.limit().orElse(request.follow() ? Long.MAX_VALUE : DEFAULT_EVENTS);
        if (limit < 1) {
            throw new ControlException(
                    "a limit of " + limit + " events shows nothing; give 1 or more");
        }
        EventFollower follower = new EventFollower(
                Lookup.domain(registry, request.domain()),
                EventFilter.of(request.types()),
                request.output().orElse(EventsRequest.Form.TEXT),
                limit,
                exchange);
        if (request.follow()) {
            follower.follow();
        } else {
            follower.recent(RecentEvents.CAPACITY);
        }
    }
}
