// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.util.List;
import org.simvm.events.EventSink;
import org.simvm.incident.IncidentLog;

/**
 * Where a domain's events and incidents go, whichever of its sessions they come from.
 *
 * @param events sinks that outlive the session, which leaves them open
 * @param incidents the domain's
 */
public record SessionOutputs(List<EventSink> events, IncidentLog incidents) {
    public SessionOutputs {
        events = List.copyOf(events);
    }
}
