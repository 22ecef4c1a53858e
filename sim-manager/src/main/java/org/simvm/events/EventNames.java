// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.util.List;

/**
 * What events of one domain are called when they are shown.
 *
 * @param domain name of the domain, or null to leave it out
 * @param monitors names of the domain's monitors, by index
 */
public record EventNames(String domain, List<String> monitors) {
    public EventNames {
        monitors = List.copyOf(monitors);
    }

    /** Names a monitor, by number if the index is unknown. */
    String monitor(int index) {
        return index >= 0 && index < monitors.size()
                ? monitors.get(index)
                : Integer.toUnsignedString(index);
    }
}
