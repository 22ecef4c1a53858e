// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.simvm.integrity.CheckReport;
import org.simvm.settings.IntegrityCheck;

/**
 * Counts how often each check of one domain ran, and how it ended, since the manager was started.
 */
public final class CheckTally {
    private final Map<IntegrityCheck, Count> counts = new EnumMap<>(IntegrityCheck.class);
    private Round last;

    /**
     * How often a check ran.
     *
     * @param clean and found nothing
     * @param withFindings and found something
     */
    public record Count(long clean, long withFindings) {}

    /**
     * One round.
     *
     * @param began when it did
     * @param took how long
     * @param findings how many
     */
    public record Round(Instant began, Duration took, int findings) {}

    /** Counts a round. */
    public synchronized void add(CheckReport report) {
        last = new Round(report.started(), report.took(), report.findings().size());
        for (CheckReport.Result result : report.results()) {
            Count before = counts.getOrDefault(result.check(), new Count(0, 0));
            boolean clean = result.findings().isEmpty();
            counts.put(
                    result.check(),
                    new Count(
                            before.clean() + (clean ? 1 : 0),
                            before.withFindings() + (clean ? 0 : 1)));
        }
    }

    /** Returns the counts of checks that ran. */
    public synchronized Map<IntegrityCheck, Count> counts() {
        return Map.copyOf(counts);
    }

    /** Returns the last round. */
    public synchronized Optional<Round> last() {
        return Optional.ofNullable(last);
    }
}
