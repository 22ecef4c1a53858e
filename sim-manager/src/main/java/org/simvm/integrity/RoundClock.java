// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;

/** The time within a round of checks; a test has a clock that waits for nothing. */
interface RoundClock {
    RoundClock SYSTEM = new RoundClock() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void pause(Duration time) throws InterruptedException {
            Thread.sleep(time.toMillis());
        }
    };

    /** Returns nanoseconds since an arbitrary moment. */
    long nanoTime();

    /** Returns when the time has passed. */
    void pause(Duration time) throws InterruptedException;
}
