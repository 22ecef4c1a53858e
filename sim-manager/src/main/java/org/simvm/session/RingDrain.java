// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.simvm.events.Event;
import org.simvm.events.EventDecoder;
import org.simvm.events.EventSink;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.region.RingCorruptException;
import org.simvm.region.RingReader;
import org.simvm.region.RingStatistics;
import org.simvm.settings.FindingClass;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that takes one boot's events out of the ring and hands them to the sinks. It sleeps
 * when the ring is empty; the monitor's doorbell, which comes as a QMP event, wakes it.
 */
final class RingDrain {
    private static final Logger log = LoggerFactory.getLogger(RingDrain.class);
    /** Records between two looks at the clock. */
    private static final int BATCH = 512;

    private static final long STOP_TIMEOUT_MS = 5000;

    private final String domain;
    private final RingReader ring;
    private final List<EventSink> sinks;
    private final Consumer<Finding> findings;
    private final Thread thread;
    private volatile boolean stopping;
    private long droppedReported;

    private RingDrain(
            String domain, RingReader ring, List<EventSink> sinks, Consumer<Finding> findings) {
        this.domain = domain;
        this.ring = ring;
        this.sinks = List.copyOf(sinks);
        this.findings = findings;
        this.thread = new Thread(this::run, "ring " + domain);
        thread.setDaemon(true);
    }

    /**
     * Starts to drain.
     *
     * @param findings told when events were lost, or when the ring holds what no monitor writes
     */
    static RingDrain start(
            String domain, RingReader ring, List<EventSink> sinks, Consumer<Finding> findings) {
        RingDrain drain = new RingDrain(domain, ring, sinks, findings);
        drain.thread.start();
        return drain;
    }

    void wake() {
        ring.wake();
    }

    /** Passes over what dead monitors left unfinished, see {@link RingReader#abandon}. */
    void abandon(long reserved) {
        ring.abandon(reserved);
        ring.wake();
    }

    RingStatistics statistics() {
        return ring.statistics();
    }

    /** Takes what is left in the ring and ends. The ring may be changed once this has returned. */
    void stop() {
        stopping = true;
        ring.wake();
        boolean interrupted = false;
        long deadline = System.nanoTime() + STOP_TIMEOUT_MS * 1_000_000;
        while (thread.isAlive() && System.nanoTime() < deadline) {
            try {
                thread.join(STOP_TIMEOUT_MS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (thread.isAlive()) {
            log.error("{}: a sink of events hangs", domain);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                boolean last =
                        stopping; // before the drain: what is written later is no longer wanted
                drainAll();
                if (last) {
                    return;
                }
                ring.await(0);
            }
        } catch (RingCorruptException e) {
            log.error(
                    "{}: the event ring is not as a monitor leaves it, events end here: {}",
                    domain,
                    e.getMessage());
            findings.accept(finding(
                    FindingCode.RING_UNREADABLE, "records as monitors write them", e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.error("{}: events end here", domain, e);
            findings.accept(finding(
                    FindingCode.RING_UNREADABLE,
                    "a reader",
                    "the manager failed on an event: " + e));
        }
    }

    private void drainAll() throws RingCorruptException {
        Batch batch = new Batch();
        do {
            batch.now = now();
        } while (ring.drain(batch, BATCH) == BATCH);
        sinks.forEach(EventSink::idle);
        reportLoss();
    }

    /** Decodes a record once for all sinks. */
    private final class Batch implements RingReader.RecordSink {
        private long now;

        @Override
        public void record(ByteBuffer record) {
            Event event = EventDecoder.decode(record, now);
            for (EventSink sink : sinks) {
                sink.accept(event);
            }
        }

        @Override
        public void settle() {
            sinks.forEach(EventSink::settle);
        }
    }

    private void reportLoss() {
        long dropped = ring.statistics().droppedInAll();
        if (dropped > droppedReported) {
            findings.accept(finding(
                    FindingCode.EVENTS_DROPPED,
                    "room for every event",
                    (dropped - droppedReported) + " events lost because the ring was full"));
            droppedReported = dropped;
        }
    }

    private static Finding finding(FindingCode code, String expected, String found) {
        return Finding.ofManager(FindingClass.EVENTS_LOST, code, "event ring", expected, found);
    }

    private static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
