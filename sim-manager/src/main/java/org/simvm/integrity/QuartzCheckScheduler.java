// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.Date;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.quartz.CronScheduleBuilder;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.JobKey;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.spi.JobFactory;
import org.simvm.settings.IntegritySettings;
import org.simvm.settings.Schedule;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one Quartz job for each domain: group = the domain's UUID, so that {@link
 * DisallowConcurrentExecution} keeps rounds of a domain apart and domains independent. The RAM store is
 * enough: a domain can be checked on its own host alone, and a manager that starts anew schedules its domains
 * anew.
 */
final class QuartzCheckScheduler implements CheckScheduler {
    private static final Logger log = LoggerFactory.getLogger(QuartzCheckScheduler.class);
    private static final String NAME = "integrity";

    private final Scheduler quartz;
    private final Map<String, Round> rounds = new ConcurrentHashMap<>();

    private record Round(Runnable body, Duration jitter) {
    }

    QuartzCheckScheduler(int threads) {
        Properties properties = new Properties();
        properties.setProperty("org.quartz.scheduler.instanceName", "sim-integrity-" + UUID.randomUUID());
        properties.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        properties.setProperty("org.quartz.scheduler.makeSchedulerThreadDaemon", "true");
        properties.setProperty("org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool");
        properties.setProperty("org.quartz.threadPool.threadCount", Integer.toString(threads));
        properties.setProperty("org.quartz.threadPool.makeThreadsDaemons", "true");
        properties.setProperty("org.quartz.jobStore.class", "org.quartz.simpl.RAMJobStore");
        try {
            quartz = new StdSchedulerFactory(properties).getScheduler();
            JobFactory factory = (bundle, scheduler) ->
                    new RoundJob(bundle.getJobDetail().getKey().getGroup(), rounds);
            quartz.setJobFactory(factory);
            quartz.start();
        } catch (SchedulerException e) {
            throw new IllegalStateException("cannot start the scheduler of integrity checks: "
                    + e.getMessage(), e);
        }
    }

    @Override
    public void schedule(UUID domain, IntegritySettings settings, Runnable round) {
        String group = domain.toString();
        JobKey key = JobKey.jobKey(NAME, group);
        JobDetail job = JobBuilder.newJob(RoundJob.class).withIdentity(key).storeDurably().build();
        try {
            quartz.deleteJob(key);
            rounds.put(group, new Round(round, settings.jitter()));
            quartz.scheduleJob(job, trigger(group, settings.schedule()));
        } catch (SchedulerException e) {
            throw new IllegalStateException("cannot schedule checks of domain " + domain + ": "
                    + e.getMessage(), e);
        }
    }

    /**
     * A missed round is made up for once: checks are idempotent, and a storm of them after an outage helps
     * nobody.
     */
    private static Trigger trigger(String group, Schedule schedule) {
        TriggerBuilder<Trigger> builder = TriggerBuilder.newTrigger().withIdentity(NAME, group);
        if (schedule instanceof Schedule.Cron cron) {
            return builder.withSchedule(CronScheduleBuilder.cronSchedule(cron.expression())
                    .withMisfireHandlingInstructionFireAndProceed()).build();
        }
        long period = ((Schedule.Interval) schedule).period().toMillis();
        return builder.startAt(new Date(System.currentTimeMillis() + period))
                .withSchedule(SimpleScheduleBuilder.simpleSchedule()
                        .withIntervalInMilliseconds(period).repeatForever()
                        .withMisfireHandlingInstructionNextWithRemainingCount()).build();
    }

    @Override
    public void cancel(UUID domain) {
        rounds.remove(domain.toString());
        try {
            quartz.deleteJob(JobKey.jobKey(NAME, domain.toString()));
        } catch (SchedulerException e) {
            log.warn("cannot unschedule checks of domain {}: {}", domain, e.getMessage());
        }
    }

    @Override
    public boolean runNow(UUID domain) {
        JobKey key = JobKey.jobKey(NAME, domain.toString());
        try {
            if (!quartz.checkExists(key)) {
                return false;
            }
            quartz.scheduleJob(TriggerBuilder.newTrigger().forJob(key).usingJobData(RoundJob.AT_ONCE, "yes")
                    .build());
            return true;
        } catch (SchedulerException e) {
            log.warn("cannot start a round of checks of domain {}: {}", domain, e.getMessage());
            return false;
        }
    }

    @Override
    public void close() {
        try {
            quartz.shutdown(true);
        } catch (SchedulerException e) {
            log.warn("the scheduler of integrity checks did not end: {}", e.getMessage());
        }
    }

    /** One round of one domain. */
    @DisallowConcurrentExecution
    static final class RoundJob implements Job {
        static final String AT_ONCE = "at-once";
        private static final String POSTPONED = "postponed";

        private final String group;
        private final Map<String, Round> rounds;

        RoundJob(String group, Map<String, Round> rounds) {
            this.group = group;
            this.rounds = rounds;
        }

        @Override
        public void execute(JobExecutionContext context) {
            Round round = rounds.get(group);
            if (round == null) { // cancelled between the trigger and here
                return;
            }
            try {
                if (!round.jitter().isZero() && !context.getMergedJobDataMap().containsKey(AT_ONCE)) {
                    postpone(context, round.jitter());
                } else {
                    round.body().run();
                }
            } catch (SchedulerException | RuntimeException e) {
                log.error("domain {}: a round of integrity checks failed", group, e);
            }
        }

        /** Comes back later by a trigger, not by sleeping: a thread asleep would hold up other domains. */
        private void postpone(JobExecutionContext context, Duration jitter) throws SchedulerException {
            long delay = ThreadLocalRandom.current().nextLong(jitter.toMillis() + 1);
            TriggerKey key = TriggerKey.triggerKey(POSTPONED, group);
            Trigger once = TriggerBuilder.newTrigger().withIdentity(key).forJob(context.getJobDetail())
                    .usingJobData(AT_ONCE, "yes").startAt(new Date(System.currentTimeMillis() + delay))
                    .build();
            if (context.getScheduler().rescheduleJob(key, once) == null) {
                context.getScheduler().scheduleJob(once);
            }
        }
    }
}
