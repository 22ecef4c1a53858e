// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simvm.events.Event;
import org.simvm.events.EventNames;
import org.simvm.events.EventSink;
import org.simvm.events.JsonLines;
import org.simvm.events.TextLine;

/** Sends a domain's events out, in batches; those that no outlet wants cost nearly nothing. */
public final class EventNotices implements EventSink {
    private static final int BATCH = 512;
    private static final long NANOS = 1_000_000_000L;

    private final Outlets outlets;
    private final Notice.Domain domain;
    private final JsonLines json;
    private final TextLine text;
    private final Map<Outlet, List<byte[]>> batches = new HashMap<>();

    /** Makes a sink that sends a domain's events to every outlet that wants their type. */
    public EventNotices(Outlets outlets, Notice.Domain domain, EventNames names) {
        this.outlets = outlets;
        this.domain = domain;
        EventNames nameless = new EventNames(null, names.monitors());
        this.json = new JsonLines(nameless);
        this.text = new TextLine(nameless, ZoneOffset.UTC);
    }

    @Override
    public void accept(Event event) {
        List<Outlet> wanting = outlets.wanting(event.type().word());
        if (wanting.isEmpty()) {
            return;
        }
        long nanos = event.head().receivedNanos();
        byte[] line = new Notice(
                        Instant.ofEpochSecond(
                                Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS)),
                        Notice.Kind.EVENT,
                        Notice.Severity.INFO,
                        Optional.of(domain),
                        text.line(event),
                        json.line(event))
                .line(outlets.host());
        for (Outlet outlet : wanting) {
            List<byte[]> batch = batches.computeIfAbsent(outlet, key -> new ArrayList<>());
            batch.add(line);
            if (batch.size() >= BATCH) {
                outlet.append(batch);
                batch.clear();
            }
        }
    }

    @Override
    public void settle() {
        batches.forEach((outlet, batch) -> {
            if (!batch.isEmpty()) {
                outlet.append(batch);
                batch.clear();
            }
        });
    }

    @Override
    public void close() {
        settle();
    }
}
