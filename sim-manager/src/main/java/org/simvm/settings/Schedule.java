// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.time.Duration;
import java.util.Objects;

/** Says when integrity is checked. */
public sealed interface Schedule {

    /**
     * Every so often, counted from when the guest was armed.
     *
     * @param period at least one second
     */
    record Interval(Duration period) implements Schedule {
        public Interval {
            if (period.compareTo(Duration.ofSeconds(1)) < 0) {
                throw new IllegalArgumentException("period shorter than one second: " + period);
            }
        }
    }

    /**
     * At the times of a Quartz cron expression, in the host's time zone.
     *
     * @param expression six or seven fields, seconds first; known to be valid
     */
    record Cron(String expression) implements Schedule {
        public Cron {
            Objects.requireNonNull(expression, "expression");
        }
    }
}
