// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Splits the time of one boot's arming into steps, and knows in which the guest is paused. */
final class StepClock {
    private static final Logger log = LoggerFactory.getLogger(StepClock.class);

    private final String domain;
    private final LongSupplier nanoTime;
    private final List<StepTime> steps = new ArrayList<>();
    private long last;
    private boolean paused;

    /** @param nanoTime {@link System#nanoTime()}, or a test's */
    StepClock(String domain, LongSupplier nanoTime) {
        this.domain = domain;
        this.nanoTime = nanoTime;
    }

    /** Begins a stretch in which the guest is paused, since a moment in the past. */
    void pausedSince(long nanos) {
        last = nanos;
        paused = true;
    }

    /** Begins a stretch in which the guest runs, now. */
    void running() {
        last = nanoTime.getAsLong();
        paused = false;
    }

    /** Ends a step. */
    void lap(String step) {
        long now = nanoTime.getAsLong();
        StepTime time = new StepTime(step, (now - last) / 1e6, paused);
        steps.add(time);
        last = now;
        log.info(
                "{}: {} took {} ms{}",
                domain,
                step,
                String.format("%.1f", time.milliseconds()),
                paused ? " (guest paused)" : "");
    }

    List<StepTime> steps() {
        return List.copyOf(steps);
    }
}
