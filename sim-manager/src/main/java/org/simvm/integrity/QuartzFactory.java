// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.Properties;
import java.util.UUID;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.core.QuartzScheduler;
import org.quartz.core.QuartzSchedulerResources;
import org.quartz.impl.SchedulerRepository;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.impl.jdbcjobstore.JobStoreTX;
import org.quartz.simpl.RAMJobStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes Quartz's schedulers: with a store in memory, or with a {@link SharedStore} that serves this
 * host's triggers alone.
 */
final class QuartzFactory extends StdSchedulerFactory {
    private static final String STORE_CLASS = "org.quartz.jobStore.class";

    private QuartzFactory(Properties properties) throws SchedulerException {
        super(properties);
    }

    /**
     * Makes a scheduler that is not started yet.
     *
     * @param given Quartz's properties that are not to be as here
     */
    static Scheduler scheduler(int threads, Properties given) throws SchedulerException {
        Properties properties = new Properties();
        properties.setProperty(
                "org.quartz.scheduler.instanceName", "sim-integrity-" + UUID.randomUUID());
        properties.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        properties.setProperty("org.quartz.scheduler.makeSchedulerThreadDaemon", "true");
        properties.setProperty("org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool");
        properties.setProperty("org.quartz.threadPool.threadCount", Integer.toString(threads));
        properties.setProperty("org.quartz.threadPool.makeThreadsDaemons", "true");
        properties.setProperty(STORE_CLASS, RAMJobStore.class.getName());
        // A round is late only if it is late by this: a busy host is no reason to run one twice.
        properties.setProperty("org.quartz.jobStore.misfireThreshold", "10000");
        properties.putAll(given);
        if (shared(given)) {
            properties.setProperty(STORE_CLASS, SharedStore.class.getName());
        }
        Scheduler scheduler = new QuartzFactory(properties).getScheduler();
        // Nobody looks it up by its name, by which a cluster's schedulers in one process would be
        // one.
        SchedulerRepository.getInstance().remove(scheduler.getSchedulerName());
        return scheduler;
    }

    /** Tells whether these properties ask for a store in a database. */
    static boolean shared(Properties given) {
        return JobStoreTX.class.getName().equals(given.getProperty(STORE_CLASS));
    }

    @Override
    public Logger getLog() {
        return LoggerFactory.getLogger(StdSchedulerFactory.class); // what Quartz says is Quartz's
    }

    /** Shows the store that was made. */
    @Override
    protected Scheduler instantiate(QuartzSchedulerResources resources, QuartzScheduler scheduler) {
        if (resources.getJobStore() instanceof SharedStore store) {
            store.serve(key ->
                    RoundTriggers.group(key, scheduler.getSchedulerInstanceId()).isPresent());
        }
        return super.instantiate(resources, scheduler);
    }
}
