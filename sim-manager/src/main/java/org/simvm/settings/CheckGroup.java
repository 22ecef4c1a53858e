// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * Names checks that run together, and when.
 *
 * @param name unique within the domain; {@value #OWN} for the checks that no group of the element
 *     has
 * @param schedule when a round of these checks starts
 * @param jitter each round starts later by a random time up to this; zero for none
 * @param checks the checks of a round; never empty
 */
public record CheckGroup(
        String name, Schedule schedule, Duration jitter, Set<IntegrityCheck> checks) {
    /** The name of the group that is no group of the element; no element can have it. */
    public static final String OWN = "-";

    public CheckGroup {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(schedule, "schedule");
        if (jitter.isNegative()) {
            throw new IllegalArgumentException("negative jitter: " + jitter);
        }
        if (checks.isEmpty()) {
            throw new IllegalArgumentException("group '" + name + "' has no checks");
        }
        checks = Collections.unmodifiableSet(EnumSet.copyOf(checks));
    }
}
