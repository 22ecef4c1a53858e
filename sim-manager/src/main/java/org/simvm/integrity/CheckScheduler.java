// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.function.Consumer;
import org.simvm.settings.CheckGroup;
import org.simvm.settings.IntegritySettings;

/**
 * Runs each domain's groups of checks when its settings say so, never two rounds of one domain at
 * once.
 *
 * <p>A round that could not start in time, because the host slept or all threads were busy, is made
 * up for once. A watchdog looks for rounds that do not end and for triggers that do not come.
 */
public interface CheckScheduler extends AutoCloseable {
    /**
     * Starts a scheduler that lives in this process and keeps nothing on disk.
     *
     * @param threads how many domains are checked at once
     */
    static CheckScheduler start(int threads) {
        return start(threads, new Properties());
    }

    /**
     * Starts a scheduler with settings of Quartz's own, such as {@code org.quartz.jobStore.*} of a
     * store that several managers share. What they leave out is as for {@link #start(int)}.
     */
    static CheckScheduler start(int threads, Properties quartz) {
        return new QuartzCheckScheduler(
                threads,
                quartz,
                QuartzCheckScheduler.WATCH_PERIOD,
                QuartzCheckScheduler.LONGEST_ROUND);
    }

    /** Hears what the watchdog sees. */
    @FunctionalInterface
    interface StuckListener {
        /**
         * A round has run for too long, and was interrupted; or a trigger was overdue, and was set
         * anew.
         *
         * @param domain whose
         * @param what one line: which, and what was done
         */
        void stuck(UUID domain, String what);
    }

    /** Tells the watchdog whom to tell. */
    void onStuck(StuckListener listener);

    /**
     * Schedules a domain's rounds, in place of any earlier schedule of it.
     *
     * @param domain whose
     * @param settings its groups and when they are due
     * @param round runs the checks of a group; what it throws is logged and does not end the
     *     schedule
     */
    void schedule(UUID domain, IntegritySettings settings, Consumer<CheckGroup> round);

    /**
     * Ends a domain's schedule; a round that runs goes on to its end. Does nothing if there is
     * none.
     */
    void cancel(UUID domain);

    /**
     * Makes a round of each group start now, beside the schedule; returns whether the domain has
     * one.
     */
    boolean runNow(UUID domain);

    /**
     * Lets no scheduled round of a domain start for a while, whether it has a schedule now or gets
     * one. When the time is over, each group has one round at once.
     *
     * @param until when it is over
     * @param ended called then, on a thread of the scheduler; not after {@link #resume}
     */
    void suspend(UUID domain, Instant until, Runnable ended);

    /** Ends a suspension now; each group has one round at once. Returns whether there was one. */
    boolean resume(UUID domain);

    /** Returns until when a domain's rounds are suspended. */
    Optional<Instant> suspendedUntil(UUID domain);

    /** Returns how long a round may take before the watchdog interrupts it. */
    Duration longestRound();

    /** Returns what is wrong with the scheduler itself, one line. */
    Optional<String> healthProblem();

    /** Ends all schedules and waits for rounds that run. */
    @Override
    void close();
}
