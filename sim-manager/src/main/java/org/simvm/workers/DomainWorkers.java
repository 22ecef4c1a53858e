// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.workers;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what may block, one task after the other for each domain, domains beside each other. A
 * domain whose task hangs (libvirt holds its lock, say) delays its own tasks alone. Threads exist
 * while there is work.
 */
public final class DomainWorkers implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DomainWorkers.class);
    private static final int IDLE_SECONDS = 10;

    private final ConcurrentHashMap<UUID, Lane> lanes = new ConcurrentHashMap<>();
    private final ExecutorService threads = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
                Thread thread = new Thread(task, "domain-worker");
                thread.setDaemon(true);
                return thread;
            });

    /**
     * Queues a task of a domain. Tasks of one domain run in the order in which they were queued.
     */
    public void submit(UUID domain, String what, Runnable task) {
        lanes.compute(domain, (key, present) -> {
            Lane lane = present != null ? present : new Lane(domain);
            lane.queue.add(new Task(what, task));
            if (!lane.running) {
                lane.running = true;
                threads.execute(lane);
            }
            return lane;
        });
    }

    private record Task(String what, Runnable body) {}

    /**
     * The tasks of one domain. Its fields are touched inside {@code lanes.compute} alone, which
     * locks them.
     */
    private final class Lane implements Runnable {
        private final UUID domain;
        private final Queue<Task> queue = new ArrayDeque<>();
        private boolean running;

        Lane(UUID domain) {
            this.domain = domain;
        }

        @Override
        public void run() {
            for (Task task = next(); task != null; task = next()) {
                Thread.currentThread().setName("domain-worker " + domain);
                try {
                    task.body().run();
                } catch (RuntimeException e) {
                    log.error("domain {}: {} failed", domain, task.what(), e);
                }
            }
        }

        private Task next() {
            Task[] task = new Task[1];
            lanes.compute(domain, (key, present) -> {
                task[0] = queue.poll();
                return task[0] == null ? null : this;
            });
            return task[0];
        }
    }

    /**
     * Returns what is wrong with the workers themselves, one line. A task that hangs is no such
     * thing.
     */
    public Optional<String> healthProblem() {
        return threads.isShutdown()
                ? Optional.of("the domains' workers have ended")
                : Optional.empty();
    }

    /** Takes no more tasks and does not wait for those that run. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
