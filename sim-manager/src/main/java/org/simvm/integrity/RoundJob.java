// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobDataMap;
import org.quartz.JobExecutionContext;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.simvm.settings.CheckGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One round of one domain, now or, with a jitter, a while later. */
@DisallowConcurrentExecution
final class RoundJob implements Job {
    private static final Logger log = LoggerFactory.getLogger(RoundJob.class);

    private final String domain;
    private final QuartzCheckScheduler scheduler;

    RoundJob(String domain, QuartzCheckScheduler scheduler) {
        this.domain = domain;
        this.scheduler = scheduler;
    }

    @Override
    public void execute(JobExecutionContext context) {
        JobDataMap data = context.getMergedJobDataMap();
        Optional<CheckGroup> group = scheduler.wanted(domain, data.getString(RoundTriggers.GROUP));
        if (group.isEmpty()) {
            return;
        }
        try {
            if (!group.get().jitter().isZero() && !data.containsKey(RoundTriggers.AT_ONCE)) {
                postpone(context, group.get());
            } else {
                scheduler.run(domain, group.get());
            }
        } catch (SchedulerException | RuntimeException e) {
            log.error("domain {}: a round of integrity checks failed", domain, e);
        }
    }

    /**
     * Comes back later by a trigger, not by sleeping: a thread asleep would hold up other domains.
     */
    private static void postpone(JobExecutionContext context, CheckGroup group)
            throws SchedulerException {
        Trigger once = RoundTriggers.postponed(
                context.getJobDetail().getKey(),
                group.name(),
                ThreadLocalRandom.current().nextLong(group.jitter().toMillis() + 1));
        if (context.getScheduler().rescheduleJob(once.getKey(), once) == null) {
            context.getScheduler().scheduleJob(once);
        }
    }
}
