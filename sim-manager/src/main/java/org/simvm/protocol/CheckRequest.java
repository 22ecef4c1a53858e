// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;

/**
 * The arguments of the verb "check".
 *
 * @param domain its name, id or UUID
 * @param checks names of the checks to run, as in the domain's element; all if empty
 */
public record CheckRequest(String domain, List<String> checks) {
    public CheckRequest {
        checks = List.copyOf(checks);
    }
}
