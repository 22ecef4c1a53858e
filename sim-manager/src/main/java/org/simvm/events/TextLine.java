// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Shows an event as one line for people: time, kind, who, what. */
public final class TextLine {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    private final EventNames names;
    private final ZoneId zone;

    /** @param zone in which times are shown */
    public TextLine(EventNames names, ZoneId zone) {
        this.names = names;
        this.zone = zone;
    }

    /** Gives the line, without its end. */
    public String line(Event event) {
        EventHead head = event.head();
        Subject who = head.subject();
        StringBuilder line = new StringBuilder(160);
        line.append(TIME.format(Instant.ofEpochSecond(0, head.receivedNanos()).atZone(zone)))
                .append(' ');
        if (names.domain() != null) {
            line.append(names.domain()).append(' ');
        }
        line.append(String.format(
                "%-8s %s[%d] uid %d", event.type().word(), who.comm(), who.pid(), who.uid()));
        if (who.euid() != who.uid()) {
            line.append(" euid ").append(who.euid());
        }
        line.append("  ").append(event.describe(names));
        if (head.truncated()) {
            line.append("  (cut)");
        }
        if (head.unreadable()) {
            line.append("  (partly unreadable)");
        }
        return line.toString();
    }
}
