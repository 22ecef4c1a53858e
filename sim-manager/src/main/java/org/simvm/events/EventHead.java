// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

/**
 * What every event has.
 *
 * @param receivedNanos when the manager read it: host's realtime clock, nanoseconds since 1970
 * @param sequence number of the event since the guest was armed, dropped ones counted; a gap is a
 *     loss
 * @param tsc guest time-stamp counter
 * @param monitor index of the monitor in the domain's settings
 * @param hook the monitor's own id of the hook
 * @param truncated a text was cut to its limit
 * @param unreadable guest memory that the event wanted could not be read
 * @param subject who did it
 */
public record EventHead(
        long receivedNanos,
        long sequence,
        long tsc,
        int monitor,
        int hook,
        boolean truncated,
        boolean unreadable,
        Subject subject) {}
