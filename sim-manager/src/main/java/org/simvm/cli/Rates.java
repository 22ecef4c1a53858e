// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes rates of what the manager counted, between one answer of the verb {@code top} and the next.
 */
final class Rates {
    private static final List<String> COUNTED = List.of("calls", "events", "dropped");

    private Map<String, ObjectNode> before = Map.of();

    /**
     * Adds {@code callsPerSecond}, {@code eventsPerSecond} and {@code droppedPerSecond} to domains
     * that were there before, too. A counter that is lower than before began anew: the guest was
     * started or reset.
     */
    List<ObjectNode> add(List<ObjectNode> now) {
        Map<String, ObjectNode> next = new HashMap<>();
        for (ObjectNode domain : now) {
            ObjectNode earlier = before.get(domain.path("uuid").asText());
            if (earlier != null) {
                double seconds =
                        (domain.path("nanos").asLong() - earlier.path("nanos").asLong()) / 1e9;
                for (String name : COUNTED) {
                    if (domain.has(name) && seconds > 0) {
                        long count = domain.get(name).asLong();
                        long past = earlier.path(name).asLong();
                        domain.put(
                                name + "PerSecond",
                                (count < past ? count : count - past) / seconds);
                    }
                }
            }
            next.put(domain.path("uuid").asText(), domain);
        }
        before = next;
        return now;
    }
}
