// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Function;
import org.simvm.events.Event;
import org.simvm.events.EventBroadcast;
import org.simvm.events.EventNames;
import org.simvm.events.JsonLines;
import org.simvm.events.TextLine;
import org.simvm.incident.IncidentReports;
import org.simvm.policy.Incident;
import org.simvm.protocol.Codec;
import org.simvm.protocol.EventLines;
import org.simvm.protocol.EventsRequest;
import org.simvm.protocol.IncidentReport;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.MonitorSettings;

/**
 * Shows one client a domain's events: those that were, and, if it wants, those to come, alerts
 * among them. A client that is slow loses events, and a line says how many.
 */
final class EventFollower {
    /** Events that wait for a slow client. */
    private static final int QUEUE = 65536;

    private static final int ALERT_QUEUE = 1024;
    /** Lines in one answer at most. */
    private static final int BATCH = 512;

    private static final long FOREVER_MS = Long.MAX_VALUE / 4_000_000;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private final ManagedDomain domain;
    private final EventFilter filter;
    private final boolean json;
    private final Function<Event, String> format;
    private final Exchange<EventLines> exchange;
    private long left;

    /** @param limit events shown at most */
    EventFollower(
            ManagedDomain domain,
            EventFilter filter,
            EventsRequest.Form form,
            long limit,
            Exchange<EventLines> exchange) {
        this.domain = domain;
        this.filter = filter;
        this.json = form == EventsRequest.Form.JSON;
        this.exchange = exchange;
        this.left = limit;
        EventNames names = domain.session()
                .map(DomainSession::eventNames)
                .orElseGet(() -> new EventNames(
                        domain.name(),
                        domain.settings()
                                .map(sim -> sim.monitors().stream()
                                        .map(MonitorSettings::name)
                                        .toList())
                                .orElse(List.of())));
        if (json) {
            JsonLines lines = new JsonLines(names);
            this.format = lines::line;
        } else {
            TextLine lines =
                    new TextLine(new EventNames(null, names.monitors()), ZoneId.systemDefault());
            this.format = lines::line;
        }
    }

    /** Shows what the manager remembers. */
    void recent(int most) throws IOException {
        List<Event> events = domain.recentEvents().last((int) Math.min(most, left), filter);
        if (!events.isEmpty()) {
            left -= events.size();
            send(events.stream().map(format).toList());
        }
    }

    /** Shows events and alerts as they come, until the client hangs up or the limit is reached. */
    void follow() throws IOException, InterruptedException {
        Thread self = Thread.currentThread();
        LinkedBlockingQueue<Incident> alerts = new LinkedBlockingQueue<>(ALERT_QUEUE);
        try (EventBroadcast.Subscription events = domain.broadcast().subscribe(QUEUE, filter)) {
            // Both kinds come through here, so that nothing is polled and one thread writes.
            Consumer<Incident> follower = alerts::offer;
            domain.incidents().follow(follower);
            Thread alerter = new Thread(() -> forward(alerts, self), "follow-alerts");
            alerter.setDaemon(true);
            alerter.start();
            exchange.onHangUp(self::interrupt);
            try {
                send(List.of()); // from now on the client misses nothing
                while (left > 0) {
                    forward(events);
                }
            } finally {
                domain.incidents().unfollow(follower);
                alerter.interrupt();
            }
        }
    }

    private void forward(EventBroadcast.Subscription events)
            throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        EventBroadcast.Delivery delivery = events.take(FOREVER_MS);
        while (delivery != null && left > 0) {
            if (delivery.lostBefore() > 0) {
                lines.add(
                        json
                                ? "{\"lost\":" + delivery.lostBefore() + "}"
                                : "(" + delivery.lostBefore()
                                        + " events were not shown, because this client was "
                                        + "too slow)");
            }
            lines.add(format.apply(delivery.event()));
            left--;
            delivery = lines.size() < BATCH ? events.take(0) : null;
        }
        send(lines);
    }

    private void forward(LinkedBlockingQueue<Incident> alerts, Thread follower) {
        try {
            while (true) {
                send(List.of(alert(alerts.take())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            follower.interrupt();
        }
    }

    private String alert(Incident incident) {
        IncidentReport report = IncidentReports.of(incident);
        return json
                ? Codec.write(report)
                : TIME.format(report.time()) + " ALERT    " + report.text();
    }

    private synchronized void send(List<String> lines) throws IOException {
        exchange.send(new EventLines(lines));
    }
}
