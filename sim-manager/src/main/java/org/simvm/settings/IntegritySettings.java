// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Says which integrity checks run, and when.
 *
 * @param groups each with a schedule of its own, no check in two of them; never empty. Jitter keeps
 *     domains from checking all at once, and the guest from foreseeing the moment
 */
public record IntegritySettings(List<CheckGroup> groups) {

    /** Every 60 seconds and up to 5 more, all checks: what a domain that says nothing gets. */
    public static final IntegritySettings DEFAULT = new IntegritySettings(
            new Schedule.Interval(Duration.ofSeconds(60)),
            Duration.ofSeconds(5),
            EnumSet.allOf(IntegrityCheck.class));

    public IntegritySettings {
        groups = List.copyOf(groups);
        if (groups.isEmpty()) {
            throw new IllegalArgumentException("no checks");
        }
        if (groups.stream().map(CheckGroup::name).distinct().count() < groups.size()) {
            throw new IllegalArgumentException("two groups of one name: " + groups);
        }
    }

    /** Says that some checks run together, and no others. */
    public IntegritySettings(Schedule schedule, Duration jitter, Set<IntegrityCheck> checks) {
        this(List.of(new CheckGroup(CheckGroup.OWN, schedule, jitter, checks)));
    }

    /** Returns the checks of all groups. */
    public Set<IntegrityCheck> checks() {
        return groups.stream()
                .flatMap(group -> group.checks().stream())
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(IntegrityCheck.class)));
    }
}
