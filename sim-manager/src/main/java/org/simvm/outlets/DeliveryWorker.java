// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that takes lines from a spool to a receiver. When that fails it tries again: after a
 * second, then twice as long each time, a minute at most, a random part less so that not every host
 * comes back at once.
 */
final class DeliveryWorker {
    private static final Logger log = LoggerFactory.getLogger(DeliveryWorker.class);
    private static final int BATCH = 256;
    private static final int BATCH_BYTES = 256 << 10;
    static final long FIRST_PAUSE_MS = 1000;
    private static final long LONGEST_PAUSE_MS = 60_000;
    private static final long TIMEOUT_MS = 2000;

    private final String name;
    private final Spool spool;
    private final Transport transport;
    private final AtomicLong delivered;
    private final AtomicLong refused;
    private final long firstPause;
    private final Thread thread;
    private volatile boolean ending;
    private volatile boolean failing;

    /**
     * @param delivered counts what a receiver took
     * @param refused counts what a receiver will never take
     * @param firstPause milliseconds until a delivery that failed is tried again for the first time
     */
    DeliveryWorker(
            String name,
            Spool spool,
            Transport transport,
            AtomicLong delivered,
            AtomicLong refused,
            long firstPause) {
        this.name = name;
        this.spool = spool;
        this.transport = transport;
        this.delivered = delivered;
        this.refused = refused;
        this.firstPause = firstPause;
        this.thread = new Thread(this::run, "outlet " + name);
        thread.setDaemon(true);
    }

    /** Starts to deliver. */
    void start() {
        thread.start();
    }

    /** Tells whether the last try failed. */
    boolean failing() {
        return failing;
    }

    boolean alive() {
        return thread.isAlive();
    }

    private void run() {
        long pause = firstPause;
        try {
            while (spool.await()) {
                try {
                    deliver();
                    if (failing) {
                        failing = false;
                        log.info(
                                "outlet {}: {} takes notices again; {} wait",
                                name,
                                transport.receiver(),
                                spool.waiting());
                    }
                    pause = firstPause;
                } catch (IOException | RuntimeException e) {
                    if (!failing) {
                        failing = true;
                        log.warn(
                                "outlet {}: {} takes no notices ({}); they wait in the spool, "
                                        + "{} now",
                                name,
                                transport.receiver(),
                                e.getMessage() == null ? e.toString() : e.getMessage(),
                                spool.waiting());
                    }
                    if (ending) {
                        return;
                    }
                    Thread.sleep(pause - ThreadLocalRandom.current().nextLong(pause / 4 + 1));
                    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
                }
                if (ending && spool.waiting() == 0) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            log.debug("outlet {} ends", name);
        } finally {
            try {
                transport.close();
            } catch (IOException e) {
                log.debug("outlet {}: {}", name, e.toString());
            }
        }
    }

    private void deliver() throws IOException, InterruptedException {
        spool.force();
        List<Spool.Entry> entries = spool.peek(BATCH, BATCH_BYTES);
        Transport.Delivery delivery = transport.deliver(entries);
        // Counted first: who sees that nothing waits sees all of it counted.
        delivered.addAndGet(delivery.taken() - delivery.refused());
        spool.remove(entries.subList(0, delivery.taken()));
        if (delivery.refused() > 0 && refused.getAndAdd(delivery.refused()) == 0) {
            log.warn(
                    "outlet {}: {} refuses a notice for good; it is dropped, and so will be "
                            + "others like it, which are counted"
                            + " (sim_notices_refused_total)",
                    name,
                    transport.receiver());
        }
    }

    /** Ends the thread; what waits is delivered before, if that is a matter of moments. */
    void end() {
        ending = true;
        boolean interrupted = Thread.interrupted();
        if (failing || spool.waiting() == 0) {
            thread.interrupt();
        }
        try {
            thread.join(TIMEOUT_MS);
            thread.interrupt();
            thread.join(TIMEOUT_MS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
