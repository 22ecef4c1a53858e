// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.simvm.qmp.SimViolation;
import org.simvm.qmp.ViolationLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports every violation once, in order. QEMU limits its events in rate and sends none while
 * nobody is connected, but numbers the violations and keeps the last ones: whatever the events
 * leave out is fetched.
 */
final class ViolationFeed {
    private static final Logger log = LoggerFactory.getLogger(ViolationFeed.class);

    private final String domain;
    private final SimDevice device;
    private final Consumer<SimViolation> sink;
    private final LongConsumer lost;
    private long known;

    /**
     * @param known sequence of the last violation that was reported before, by an earlier manager
     *     for instance; 0 if none was
     * @param lost gets the number of those that the device no longer had when it was asked
     */
    ViolationFeed(
            String domain,
            long known,
            SimDevice device,
            Consumer<SimViolation> sink,
            LongConsumer lost) {
        this.domain = domain;
        this.known = known;
        this.device = device;
        this.sink = sink;
        this.lost = lost;
    }

    /** Takes an event. */
    synchronized void event(SimViolation violation) {
        if (violation.sequence() > known + 1) {
            fetch();
        }
        if (violation.sequence() > known) { // as usual, or asking failed
            report(violation);
        }
    }

    /** Reports what the device has and nobody was sent. */
    synchronized void fetch() {
        try {
            ViolationLog missed = device.violationsAfter(known);
            if (missed.lost() > 0) {
                log.warn(
                        "{}: {} violations came faster than QEMU keeps them; they are "
                                + "counted, and not shown",
                        domain,
                        missed.lost());
                lost.accept(missed.lost());
            }
            for (SimViolation violation : missed.violations()) {
                if (violation.sequence() > known) {
                    report(violation);
                }
            }
        } catch (QmpException e) {
            log.warn(
                    "{}: violations after number {} can't be read: {}",
                    domain,
                    known,
                    e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void report(SimViolation violation) {
        known = violation.sequence();
        sink.accept(violation);
    }
}
