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
 * Hands on every violation once, in order. QEMU limits its events in rate and sends none while
 * nobody is connected, but numbers the violations and keeps the last ones: whatever the events
 * leave out is asked for.
 */
final class ViolationFeed {
    private static final Logger log = LoggerFactory.getLogger(ViolationFeed.class);

    private final String domain;
    private final Consumer<SimViolation> sink;
    private final LongConsumer lost;
    private long known;
    private SimDevice device;

    /**
     * @param known sequence of the last violation that was handed on before, by an earlier manager
     *     say; 0 if none was
     * @param lost told how many the device no longer had when it was asked
     */
    ViolationFeed(String domain, long known, Consumer<SimViolation> sink, LongConsumer lost) {
        this.domain = domain;
        this.known = known;
        this.sink = sink;
        this.lost = lost;
    }

    /** Takes an event. One that comes before {@link #connected} is left to that. */
    synchronized void event(SimViolation violation) {
        if (device == null) {
            return;
        }
        if (violation.sequence() > known + 1) {
            fetch();
        }
        if (violation.sequence() > known) { // as usual, or asking failed
            tell(violation);
        }
    }

    /** Hands on what happened while nobody listened. */
    synchronized void connected(SimDevice there) {
        device = there;
        fetch();
    }

    private void fetch() {
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
                    tell(violation);
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

    private void tell(SimViolation violation) {
        known = violation.sequence();
        sink.accept(violation);
    }
}
