// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.nio.ByteBuffer;
import org.simvm.region.SimAbi;

/**
 * Turns a record of the ring into an {@link Event}.
 *
 * <p>A record of a known type whose payload is not as it should be becomes a {@link MonitorEvent}
 * that says so; nothing is thrown away.
 */
public final class EventDecoder {
    private EventDecoder() {}

    /**
     * Decodes one record.
     *
     * @param bytes little-endian, from 0 to its limit, at least {@value SimAbi.Event#HEAD_SIZE}
     *     bytes with a backing array, as {@link org.simvm.region.RingReader} hands it over; not
     *     kept
     * @param receivedNanos host's realtime clock, nanoseconds since 1970
     */
    public static Event decode(ByteBuffer bytes, long receivedNanos) {
        EventRecord record = new EventRecord(bytes);
        EventHead head = record.head(receivedNanos);
        EventType<?> type = EventType.of(record.type());
        try {
            return type.decoder().decode(head, record);
        } catch (RecordException error) {
            return new MonitorEvent(head, type.number(), record.payload(), error.getMessage());
        }
    }
}
