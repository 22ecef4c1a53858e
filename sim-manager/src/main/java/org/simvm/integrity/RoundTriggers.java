// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.UUID;
import org.quartz.CronScheduleBuilder;
import org.quartz.JobKey;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;
import org.simvm.settings.CheckGroup;
import org.simvm.settings.Schedule;

/**
 * Makes the triggers of rounds. A trigger's group is its domain, as the job's; its name ends in
 * {@code @} and the host whose manager serves it, as a store may be shared.
 */
final class RoundTriggers {
    /** In a trigger's data: the group of checks. */
    static final String GROUP = "group";
    /** In a trigger's data, if the round is not to be put off by a jitter. */
    static final String AT_ONCE = "at-once";

    private static final String AT = "@";
    private static final String POSTPONED = "postponed ";

    private RoundTriggers() {}

    /** Returns the key of the trigger that a group of checks has for good. */
    static TriggerKey key(String group, JobKey job) {
        return TriggerKey.triggerKey(group + AT + job.getName(), job.getGroup());
    }

    /** Returns which group of checks a trigger is for; empty if it is another host's. */
    static Optional<String> group(TriggerKey key, String host) {
        return key.getName().endsWith(AT + host)
                ? Optional.of(key.getName()
                        .substring(0, key.getName().length() - AT.length() - host.length()))
                : Optional.empty();
    }

    /**
     * Makes the trigger of a group's schedule. A missed round is made up for once: checks are
     * idempotent, and a storm of them after an outage helps nobody.
     */
    static Trigger scheduled(JobKey job, CheckGroup checks) {
        TriggerBuilder<Trigger> builder = of(job, checks.name(), key(checks.name(), job));
        if (checks.schedule() instanceof Schedule.Cron cron) {
            return builder.withSchedule(CronScheduleBuilder.cronSchedule(cron.expression())
                            .withMisfireHandlingInstructionFireAndProceed())
                    .build();
        }
        long period = ((Schedule.Interval) checks.schedule()).period().toMillis();
        return builder.startAt(in(period))
                .withSchedule(SimpleScheduleBuilder.simpleSchedule()
                        .withIntervalInMilliseconds(period)
                        .repeatForever()
                        .withMisfireHandlingInstructionNowWithRemainingCount())
                .build();
    }

    /** Makes a trigger for one round that begins now. */
    static Trigger atOnce(JobKey job, String group) {
        return of(job, group, key(UUID.randomUUID().toString(), job))
                .usingJobData(AT_ONCE, "yes")
                .build();
    }

    /** Makes a trigger for one round that was put off; a group has one of these at most. */
    static Trigger postponed(JobKey job, String group, long milliseconds) {
        return of(job, group, key(POSTPONED + group, job))
                .usingJobData(AT_ONCE, "yes")
                .startAt(in(milliseconds))
                .build();
    }

    private static TriggerBuilder<Trigger> of(JobKey job, String group, TriggerKey key) {
        return TriggerBuilder.newTrigger().withIdentity(key).forJob(job).usingJobData(GROUP, group);
    }

    private static Date in(long milliseconds) {
        return Date.from(Instant.now().plusMillis(milliseconds));
    }
}
