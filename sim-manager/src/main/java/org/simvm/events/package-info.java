// SPDX-License-Identifier: GPL-2.0-or-later

/**
 * Events: what monitors saw in a guest, from the bytes of a ring record to those who want to know.
 *
 * <p>{@link org.simvm.events.EventDecoder} turns a record of {@link org.simvm.region.RingReader}
 * into an {@link org.simvm.events.Event}. An {@link org.simvm.events.EventSink} takes it:
 * {@link org.simvm.events.EventLog} writes JSON lines to files that rotate,
 * {@link org.simvm.events.EventBroadcast} hands it to live subscribers, of whom none can slow down
 * the ring. {@link org.simvm.events.JsonLines} and {@link org.simvm.events.TextLine} show it.
 *
 * <p>Everything in an event but its sequence number, monitor and hook is guest data: true only as
 * far as the guest is. Texts are bytes that the guest chose; whatever is no plain printable UTF-8
 * is shown escaped.
 */
package org.simvm.events;
