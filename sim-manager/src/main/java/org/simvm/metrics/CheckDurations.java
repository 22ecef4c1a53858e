// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import io.prometheus.metrics.core.metrics.Histogram;

import org.simvm.integrity.CheckReport;

/** How long integrity checks took. */
public final class CheckDurations {
    private final Histogram histogram = Histogram.builder()
            .name("sim_check_duration_seconds")
            .help("How long integrity checks took.")
            .labelNames("check")
            .classicOnly()
            .classicUpperBounds(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
            .build();

    /** Notes how long the checks of a round took. */
    public void observe(CheckReport report) {
        report.results()
                .forEach(result -> histogram
                        .labelValues(result.check().xmlName())
                        .observe(result.took().toNanos() / 1e9));
    }

    Histogram histogram() {
        return histogram;
    }
}
