// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;

/**
 * An answer to {@code events}. The first one to a client that follows is empty: from then on it
 * misses nothing.
 *
 * @param lines events and alerts, ready to be printed, oldest first
 */
public record EventLines(List<String> lines) {
    public EventLines {
        lines = List.copyOf(lines);
    }
}
