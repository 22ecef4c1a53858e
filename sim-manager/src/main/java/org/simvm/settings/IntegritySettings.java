// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * Says which integrity checks run, and when.
 *
 * @param schedule when a round of checks starts
 * @param jitter   each round starts later by a random time up to this, so that domains do not all check at
 *                 once and the guest cannot foresee the moment; zero for none
 * @param checks   the checks of a round; never empty
 */
public record IntegritySettings(Schedule schedule, Duration jitter, Set<IntegrityCheck> checks) {

    /** Every 60 seconds and up to 5 more, all checks: what a domain that says nothing gets. */
    public static final IntegritySettings DEFAULT = new IntegritySettings(
            new Schedule.Interval(Duration.ofSeconds(60)), Duration.ofSeconds(5),
            EnumSet.allOf(IntegrityCheck.class));

    public IntegritySettings {
        Objects.requireNonNull(schedule, "schedule");
        if (jitter.isNegative()) {
            throw new IllegalArgumentException("negative jitter: " + jitter);
        }
        if (checks.isEmpty()) {
            throw new IllegalArgumentException("no checks");
        }
        checks = Collections.unmodifiableSet(EnumSet.copyOf(checks));
    }
}
