// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.util.List;

/**
 * Holds the answer to {@code query-sim-violations}.
 *
 * @param violations in the order of their sequence
 * @param lost how many of those asked for the device no longer has
 */
public record ViolationLog(List<SimViolation> violations, long lost) {
    public ViolationLog {
        violations = List.copyOf(violations);
    }
}
