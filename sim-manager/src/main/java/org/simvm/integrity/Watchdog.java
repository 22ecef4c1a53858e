// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.Trigger.TriggerState;
import org.quartz.TriggerKey;
import org.quartz.impl.matchers.GroupMatcher;
import org.simvm.integrity.CheckScheduler.StuckListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for rounds that do not end, and for triggers that Quartz holds back for ever: in state
 * {@code ERROR}, or overdue though no round of their domain runs (seen with shared stores, where a
 * node that died leaves triggers {@code BLOCKED} or {@code ACQUIRED}).
 */
final class Watchdog {
    private static final Logger log = LoggerFactory.getLogger(Watchdog.class);

    private final Scheduler quartz;
    private final Collection<String> domains;
    private final Duration timeout;
    private final Map<String, Running> running = new ConcurrentHashMap<>();
    private volatile StuckListener listener = (domain, what) -> {};

    private record Running(String group, Instant since, Thread thread) {}

    /**
     * @param domains those of this scheduler, as they come and go
     * @param timeout how long a round may take, and a trigger be overdue
     */
    Watchdog(Scheduler quartz, Collection<String> domains, Duration timeout) {
        this.quartz = quartz;
        this.domains = domains;
        this.timeout = timeout;
    }

    void tell(StuckListener whom) {
        listener = whom;
    }

    void begins(String domain, String group) {
        running.put(domain, new Running(group, Instant.now(), Thread.currentThread()));
    }

    /** The round has ended, and an interrupt that was meant for it has no meaning any more. */
    void ends(String domain) {
        synchronized (this) {
            running.remove(domain);
            Thread.interrupted();
        }
    }

    /** Looks once. */
    void look() {
        try {
            Instant now = Instant.now();
            for (String domain : domains) {
                Running round = running.get(domain);
                if (round == null) {
                    triggers(domain, now);
                } else if (Duration.between(round.since(), now).compareTo(timeout) > 0) {
                    interrupt(domain, round, now);
                }
            }
        } catch (SchedulerException | RuntimeException e) {
            log.error("the watchdog of integrity checks can't look", e);
        }
    }

    @SuppressWarnings("ReferenceEquality") // another round with the same values is another round
    private synchronized void interrupt(String domain, Running round, Instant now) {
        if (running.get(domain) == round) {
            round.thread().interrupt();
            report(
                    domain,
                    "a round of group '" + round.group() + "' has run for "
                            + Duration.between(round.since(), now).toSeconds()
                            + " s and was interrupted");
        }
    }

    private void triggers(String domain, Instant now) throws SchedulerException {
        for (TriggerKey key : quartz.getTriggerKeys(GroupMatcher.triggerGroupEquals(domain))) {
            Optional<String> group = RoundTriggers.group(key, quartz.getSchedulerInstanceId());
            if (group.isEmpty()) {
                continue;
            }
            Trigger trigger = quartz.getTrigger(key);
            TriggerState state = quartz.getTriggerState(key);
            if (trigger == null || state == TriggerState.PAUSED || state == TriggerState.COMPLETE) {
                continue;
            }
            Date next = trigger.getNextFireTime();
            boolean overdue = next != null && next.toInstant().plus(timeout).isBefore(now);
            if (state == TriggerState.ERROR) {
                quartz.resetTriggerFromErrorState(key);
                report(
                        domain,
                        "the trigger of group '" + group.get() + "' was in error and was set anew");
            } else if (overdue) {
                quartz.rescheduleJob(key, trigger.getTriggerBuilder().startNow().build());
                report(
                        domain,
                        "the trigger of group '" + group.get() + "' was overdue since "
                                + next.toInstant() + " and was set anew");
            }
        }
    }

    private void report(String domain, String what) {
        report(UUID.fromString(domain), what);
    }

    /** Tells of what somebody else saw. */
    void report(UUID domain, String what) {
        log.error("domain {}: {}", domain, what);
        listener.stuck(domain, what);
    }
}
