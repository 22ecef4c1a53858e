// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.simvm.settings.IntegrityCheck;

/**
 * Tells the outcome of one round of checks of one guest.
 *
 * @param started when the round began
 * @param took how long it took
 * @param bytes of guest memory and region that were compared
 * @param results one for each check that ran, in the order in which they ran
 */
public record CheckReport(Instant started, Duration took, long bytes, List<Result> results) {
    public CheckReport {
        results = List.copyOf(results);
    }

    /**
     * Tells the outcome of one check.
     *
     * @param check which one
     * @param took how long it took
     * @param bytes compared
     * @param findings empty if all is as it was
     * @param information what is as it may be, but worth knowing
     */
    public record Result(
            IntegrityCheck check,
            Duration took,
            long bytes,
            List<Finding> findings,
            List<Information> information) {
        public Result {
            findings = List.copyOf(findings);
            information = List.copyOf(information);
        }
    }

    /**
     * Tells of something that a check saw and that breaks no rule: a kprobe, a module that was
     * loaded.
     *
     * @param subject what it is about; cleaned of control characters
     * @param va guest virtual address, if there is one
     * @param text one line
     */
    public record Information(String subject, OptionalLong va, String text) {
        public Information {
            subject = Finding.clean(subject);
            text = Finding.clean(text);
        }
    }

    /** Returns all findings of the round. */
    public List<Finding> findings() {
        return results.stream().flatMap(result -> result.findings().stream()).toList();
    }

    /** Returns how fast memory was compared, in 10^9 bytes a second. */
    public double gigabytesPerSecond() {
        return took.isZero() ? 0 : (double) bytes / took.toNanos();
    }
}
