// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The answer to {@code check}, and the last round in {@code status} and {@code findings.json}.
 *
 * @param started when the round began
 * @param ms how long it took
 * @param bytes of guest memory and region that were compared
 * @param gbps how fast, in 10^9 bytes a second
 * @param results one for each check that ran, in the order in which they ran
 */
public record RoundReport(
        Instant started, double ms, long bytes, double gbps, List<Result> results) {
    public RoundReport {
        results = List.copyOf(results);
    }

    /** Counts the findings of all checks. */
    public int findings() {
        return results.stream().mapToInt(result -> result.findings().size()).sum();
    }

    /**
     * The outcome of one check.
     *
     * @param check its name
     * @param ms how long it took
     * @param bytes compared
     * @param findings empty if all is as it was
     * @param information what breaks no rule but is worth knowing
     */
    public record Result(
            String check,
            double ms,
            long bytes,
            List<FindingReport> findings,
            List<Information> information) {
        public Result {
            findings = List.copyOf(findings);
            information = List.copyOf(information);
        }
    }

    /**
     * Something that a check saw and that breaks no rule: a kprobe, a module that was loaded.
     *
     * @param subject what it is about
     * @param text one line
     * @param va guest virtual address, if there is one
     */
    public record Information(String subject, String text, Optional<Address> va) {}
}
