// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.UUID;
import org.simvm.settings.IntegritySettings;

/** Runs each domain's rounds of checks when its settings say so, never two of one domain at once. */
public interface CheckScheduler extends AutoCloseable {
    /**
     * Starts a scheduler that lives in this process and keeps nothing on disk.
     *
     * @param threads how many domains are checked at once
     */
    static CheckScheduler start(int threads) {
        return new QuartzCheckScheduler(threads);
    }

    /**
     * Schedules a domain's rounds, in place of any earlier schedule of it.
     *
     * @param domain whose
     * @param settings when; the checks in it are the round's business
     * @param round runs the checks; what it throws is logged and does not end the schedule
     */
    void schedule(UUID domain, IntegritySettings settings, Runnable round);

    /** Ends a domain's schedule; a round that runs goes on to its end. Does nothing if there is none. */
    void cancel(UUID domain);

    /** Makes a round start now, beside the schedule; returns whether the domain has one. */
    boolean runNow(UUID domain);

    /** Ends all schedules and waits for rounds that run. */
    @Override
    void close();
}
