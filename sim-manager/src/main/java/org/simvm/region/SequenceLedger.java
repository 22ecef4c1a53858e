// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Knows which sequence numbers have been seen. Numbers come nearly in order: one that was dropped
 * never comes, and one whose producer was held up comes late. One thread writes; the counts may be
 * read by any.
 */
final class SequenceLedger {
    /**
     * Gaps that are remembered one by one; the oldest is given up as lost for good when there are
     * more.
     */
    static final int MAX_GAPS = 4096;

    private final TreeMap<Long, Long> gaps = new TreeMap<>();
    private long next;
    private long forgottenBelow;
    private boolean started;
    private final AtomicLong seen = new AtomicLong();
    private final AtomicLong missing = new AtomicLong();

    /**
     * @param fromZero whether the first number ever is still to come; else whatever comes first is
     *     the first
     */
    SequenceLedger(boolean fromZero) {
        this.started = fromZero;
    }

    /** Notes a number; returns false if it was seen before. */
    boolean see(long sequence) {
        if (!started) {
            started = true;
            next = sequence;
            forgottenBelow = sequence;
        }
        if (sequence == next) {
            next++;
        } else if (sequence > next) {
            gaps.put(next, sequence);
            missing.addAndGet(sequence - next);
            next = sequence + 1;
            if (gaps.size() > MAX_GAPS) {
                forgottenBelow = gaps.pollFirstEntry().getValue();
            }
        } else if (!fill(sequence)) {
            return false;
        }
        seen.incrementAndGet();
        return true;
    }

    private boolean fill(long sequence) {
        if (sequence < forgottenBelow) {
            missing.updateAndGet(count -> Math.max(0, count - 1));
            return true;
        }
        Map.Entry<Long, Long> gap = gaps.floorEntry(sequence);
        if (gap == null || sequence >= gap.getValue()) {
            return false;
        }
        gaps.remove(gap.getKey());
        if (gap.getKey() < sequence) {
            gaps.put(gap.getKey(), sequence);
        }
        if (sequence + 1 < gap.getValue()) {
            gaps.put(sequence + 1, gap.getValue());
        }
        missing.decrementAndGet();
        return true;
    }

    int gaps() {
        return gaps.size();
    }

    long seen() {
        return seen.get();
    }

    long missing() {
        return missing.get();
    }
}
