// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.JobBuilder;
import org.quartz.JobKey;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.TriggerKey;
import org.quartz.impl.matchers.GroupMatcher;
import org.quartz.spi.JobFactory;
import org.simvm.settings.CheckGroup;
import org.simvm.settings.IntegritySettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one Quartz job for each domain (group = the domain's UUID) with a trigger for each group of
 * checks, so that {@link DisallowConcurrentExecution} keeps rounds of a domain apart and domains
 * independent.
 *
 * <p>The RAM store is what a host wants: a domain can be checked on its own host alone, and a
 * manager that starts anew schedules its domains anew. A {@link SharedStore} is written by a thread
 * of its own, and again if that failed: whoever arms a guest doesn't wait for a database.
 */
final class QuartzCheckScheduler implements CheckScheduler {
    static final Duration WATCH_PERIOD = Duration.ofSeconds(60);
    static final Duration LONGEST_ROUND = Duration.ofMinutes(10);
    private static final Logger log = LoggerFactory.getLogger(QuartzCheckScheduler.class);
    private static final int CLOCK_LOOK_SECONDS = 2;
    /** A jump of the host's clock by less is as good as none: no schedule is finer. */
    private static final long SMALLEST_JUMP_MS = 1500;

    private final Scheduler quartz;
    private final String host;
    private final Duration longestRound;
    private final Map<String, Rounds> rounds = new ConcurrentHashMap<>();
    private final Map<String, Suspension> suspensions = new ConcurrentHashMap<>();
    private final Set<UUID> unwritten = ConcurrentHashMap.newKeySet();
    private final boolean shared;
    private final ScheduledExecutorService clock;
    private final Watchdog watchdog;
    private long clockAheadMs = wallMinusMonotonic();

    /** What a domain has scheduled. */
    private record Rounds(Consumer<CheckGroup> body, Map<String, CheckGroup> groups) {}

    private record Suspension(Instant until, Future<?> end) {}

    QuartzCheckScheduler(
            int threads, Properties given, Duration watchPeriod, Duration longestRound) {
        shared = QuartzFactory.shared(given);
        this.longestRound = longestRound;
        try {
            quartz = QuartzFactory.scheduler(threads, given);
            host = quartz.getSchedulerInstanceId();
            watchdog = new Watchdog(quartz, rounds.keySet(), longestRound);
            JobFactory factory = (bundle, scheduler) ->
                    new RoundJob(bundle.getJobDetail().getKey().getGroup(), this);
            quartz.setJobFactory(factory);
            quartz.start();
        } catch (SchedulerException e) {
            throw new IllegalStateException(
                    "cannot start the scheduler of integrity checks: " + e.getMessage(), e);
        }
        clock = Executors.newSingleThreadScheduledExecutor(body -> {
            Thread thread = new Thread(body, "watchdog of checks");
            thread.setDaemon(true);
            return thread;
        });
        ScheduledFuture<?> unused = clock.scheduleWithFixedDelay(
                this::followClock, CLOCK_LOOK_SECONDS, CLOCK_LOOK_SECONDS, TimeUnit.SECONDS);
        if (shared) {
            clock.execute(this::forgetEarlierLife);
            unused = clock.scheduleWithFixedDelay(
                    this::writeAgain,
                    watchPeriod.toMillis(),
                    watchPeriod.toMillis(),
                    TimeUnit.MILLISECONDS);
        }
        unused = clock.scheduleWithFixedDelay(
                watchdog::look,
                watchPeriod.toMillis(),
                watchPeriod.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private static long wallMinusMonotonic() {
        return System.currentTimeMillis() - TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    /**
     * Sets triggers anew when somebody set the host's clock: one that was due in a minute would
     * else wait for as long as the clock was set back.
     */
    private void followClock() {
        long now = wallMinusMonotonic();
        long jump = now - clockAheadMs;
        clockAheadMs = now;
        if (Math.abs(jump) < SMALLEST_JUMP_MS) {
            return;
        }
        log.warn(
                "the host's clock jumped by {} s; schedules of integrity checks begin anew",
                jump / 1000.0);
        rounds.forEach((domain, scheduled) -> {
            JobKey key = job(domain);
            for (CheckGroup group : scheduled.groups().values()) {
                try {
                    quartz.rescheduleJob(
                            RoundTriggers.key(group.name(), key),
                            RoundTriggers.scheduled(key, group));
                } catch (SchedulerException e) {
                    log.error(
                            "domain {}: group '{}' can't be scheduled anew: {}",
                            domain,
                            group.name(),
                            e.getMessage());
                }
            }
        });
    }

    @Override
    public void onStuck(StuckListener listener) {
        watchdog.tell(listener);
    }

    @Override
    public Duration longestRound() {
        return longestRound;
    }

    @Override
    public void schedule(UUID domain, IntegritySettings settings, Consumer<CheckGroup> round) {
        rounds.put(
                domain.toString(),
                new Rounds(
                        round,
                        settings.groups().stream()
                                .collect(Collectors.toUnmodifiableMap(
                                        CheckGroup::name, each -> each))));
        if (shared) {
            unwritten.add(domain);
            onClock(() -> writeOne(domain));
            return;
        }
        try {
            write(domain);
        } catch (SchedulerException e) {
            throw new IllegalStateException(
                    "cannot schedule checks of domain " + domain + ": " + e.getMessage(), e);
        }
    }

    /**
     * Has the clock's thread do something soon; nothing any more when the manager ends, which ends
     * its domains' sessions, too.
     */
    private void onClock(Runnable work) {
        try {
            clock.execute(work);
        } catch (RejectedExecutionException e) {
            log.debug("the scheduler has ended: {}", e.getMessage());
        }
    }

    /** Makes the store agree with {@link #rounds}. */
    private void write(UUID domain) throws SchedulerException {
        JobKey key = job(domain.toString());
        quartz.deleteJob(key);
        Rounds scheduled = rounds.get(domain.toString());
        if (scheduled == null) {
            return;
        }
        quartz.addJob(
                JobBuilder.newJob(RoundJob.class)
                        .withIdentity(key)
                        .storeDurably()
                        .build(),
                true);
        for (CheckGroup checks : scheduled.groups().values()) {
            quartz.scheduleJob(RoundTriggers.scheduled(key, checks));
        }
    }

    /**
     * Jobs are a host's own: a domain that moves is on two hosts for a moment, and one that was
     * copied for ever.
     */
    private JobKey job(String domain) {
        return JobKey.jobKey(host, domain);
    }

    private void writeOne(UUID domain) {
        try {
            unwritten.remove(domain);
            write(domain);
        } catch (SchedulerException | RuntimeException e) {
            unwritten.add(domain);
            if (rounds.containsKey(domain.toString())) {
                watchdog.report(
                        domain,
                        "its checks can't be scheduled, which is tried again: " + e.getMessage());
            }
        }
    }

    /** Tries again what failed, and what the store has lost. */
    private void writeAgain() {
        try {
            for (String domain : rounds.keySet()) {
                if (!quartz.checkExists(job(domain))) {
                    unwritten.add(UUID.fromString(domain));
                }
            }
        } catch (SchedulerException | RuntimeException e) {
            log.warn("the store of schedules can't be read: {}", e.getMessage());
        }
        unwritten.forEach(this::writeOne);
    }

    /**
     * What this host's manager had scheduled when it was killed; its domains are scheduled anew.
     */
    private void forgetEarlierLife() {
        try {
            for (JobKey key : quartz.getJobKeys(GroupMatcher.anyJobGroup())) {
                if (key.getName().equals(host) && !rounds.containsKey(key.getGroup())) {
                    quartz.deleteJob(key);
                }
            }
        } catch (SchedulerException | RuntimeException e) {
            log.warn("the store of schedules can't be read: {}", e.getMessage());
        }
    }

    @Override
    public void cancel(UUID domain) {
        rounds.remove(domain.toString());
        if (shared) {
            unwritten.add(domain);
            onClock(() -> writeOne(domain));
            return;
        }
        try {
            write(domain);
        } catch (SchedulerException e) {
            log.warn("cannot unschedule checks of domain {}: {}", domain, e.getMessage());
        }
    }

    @Override
    public boolean runNow(UUID domain) {
        if (!rounds.containsKey(domain.toString())) {
            return false;
        }
        if (shared) {
            onClock(() -> startRounds(domain));
        } else {
            startRounds(domain);
        }
        return true;
    }

    private void startRounds(UUID domain) {
        JobKey key = job(domain.toString());
        Rounds scheduled = rounds.get(domain.toString());
        try {
            if (scheduled == null) {
                return;
            }
            for (String name : scheduled.groups().keySet()) {
                quartz.scheduleJob(RoundTriggers.atOnce(key, name));
            }
        } catch (SchedulerException e) {
            log.warn("cannot start a round of checks of domain {}: {}", domain, e.getMessage());
        }
    }

    @Override
    public void suspend(UUID domain, Instant until, Runnable ended) {
        String group = domain.toString();
        suspensions.compute(group, (key, before) -> {
            if (before != null) {
                before.end().cancel(false);
            }
            long delay = Math.max(0, Duration.between(Instant.now(), until).toMillis());
            return new Suspension(
                    until,
                    clock.schedule(
                            () -> {
                                if (endSuspension(domain)) {
                                    ended.run();
                                }
                            },
                            delay,
                            TimeUnit.MILLISECONDS));
        });
    }

    @Override
    public boolean resume(UUID domain) {
        Suspension suspended = suspensions.get(domain.toString());
        if (suspended == null) {
            return false;
        }
        suspended.end().cancel(false);
        return endSuspension(domain);
    }

    private boolean endSuspension(UUID domain) {
        if (suspensions.remove(domain.toString()) == null) {
            return false;
        }
        runNow(domain);
        return true;
    }

    @Override
    public Optional<Instant> suspendedUntil(UUID domain) {
        return Optional.ofNullable(suspensions.get(domain.toString())).map(Suspension::until);
    }

    @Override
    public Optional<String> healthProblem() {
        try {
            return clock.isShutdown() || quartz.isShutdown() || !quartz.isStarted()
                    ? Optional.of("the scheduler of integrity checks has ended")
                    : Optional.empty();
        } catch (SchedulerException e) {
            return Optional.of(
                    "the scheduler of integrity checks does not answer: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
        try {
            quartz.shutdown(true);
        } catch (SchedulerException e) {
            log.warn("the scheduler of integrity checks did not end: {}", e.getMessage());
        }
    }

    /**
     * Returns a group of checks if a round of it is wanted: it was not cancelled, and the domain's
     * checks aren't suspended.
     */
    Optional<CheckGroup> wanted(String domain, String group) {
        Rounds scheduled = rounds.get(domain);
        return scheduled == null || suspensions.containsKey(domain)
                ? Optional.empty()
                : Optional.ofNullable(scheduled.groups().get(group));
    }

    /** Runs a round on this thread, under the eyes of the watchdog. */
    void run(String domain, CheckGroup group) {
        Rounds scheduled = rounds.get(domain);
        if (scheduled == null) { // cancelled just now
            return;
        }
        watchdog.begins(domain, group.name());
        try {
            scheduled.body().accept(group);
        } finally {
            watchdog.ends(domain);
        }
    }

    /** For tests: the triggers of a domain. */
    Set<TriggerKey> triggers(UUID domain) throws SchedulerException {
        return quartz.getTriggerKeys(GroupMatcher.triggerGroupEquals(domain.toString()));
    }

    Scheduler quartz() {
        return quartz;
    }
}
