// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.region.RegionException;
import org.simvm.settings.IntegrityCheck;

/**
 * Watches the gate's count of calls whose return address, or last branch, is that of no hook. A
 * healthy guest makes none; a guest that makes them forges calls, or has a handler of its own
 * between hook and gate, and each one is an event that is missing.
 */
final class ForgedCallCheck implements Check {
    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "forged-calls", IntegrityCheck.GATES, guest -> Optional.of(new ForgedCallCheck(guest)));

    private final CheckedGuest guest;
    private long round;
    private long count;
    private long countBefore;
    private long time;
    private long timeBefore;

    private ForgedCallCheck(CheckedGuest guest) {
        this.guest = guest;
        this.time = System.nanoTime();
    }

    @Override
    public void run(FindingCollector findings) throws RegionException {
        if (guest.round() != round) { // a second look compares with the round before, too
            round = guest.round();
            countBefore = count;
            timeBefore = time;
        }
        count = guest.armed().region().unknownCalls();
        time = System.nanoTime();
        findings.compared(Long.BYTES);
        if (count > countBefore) {
            findings.add(
                    FindingCode.CALLS_FORGED,
                    "calls of the gate",
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    new Evidence.Rate(count - countBefore, Duration.ofNanos(time - timeBefore)));
        }
    }
}
