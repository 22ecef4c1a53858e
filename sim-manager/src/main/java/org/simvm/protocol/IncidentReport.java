// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;
import java.util.Optional;

/** A violation or a finding: what the two have in common. */
public sealed interface IncidentReport permits ViolationReport, FindingReport {
    /** Returns when it happened, or was seen. */
    Instant time();

    /** Returns one line. */
    String text();

    /** Returns what the policy asked for. */
    Optional<String> action();
}
