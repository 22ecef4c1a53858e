// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Tells whether the guest's kernel is patching itself just now: it holds a lock of those who do. A
 * tracer that ends is out of ftrace's list a while before the calls of its trampoline are gone.
 * With tens of thousands of them that takes a second, or minutes if the host is so busy that the
 * guest hardly runs: a round waits for {@link #TIMEOUT}, and then the functions concerned are left
 * to later rounds. A guest that holds a lock for ever gains no more than {@link #LONGEST}.
 */
final class SelfPatching {
    static final Duration TIMEOUT = Duration.ofSeconds(10);
    static final Duration LONGEST = Duration.ofMinutes(5);
    private static final Duration STEP = Duration.ofMillis(100);
    private static final List<String> LOCKS = List.of("ftrace_lock", "text_mutex");

    private final Kernel kernel;
    private final VirtualMemory memory;
    private final RoundClock clock;
    private OptionalLong since = OptionalLong.empty();

    SelfPatching(Kernel kernel, VirtualMemory memory, RoundClock clock) {
        this.kernel = kernel;
        this.memory = memory;
        this.clock = clock;
    }

    /**
     * Waits until it is done with, or the timeout is over; returns whether it was under way at all.
     */
    boolean await() throws InterruptedException {
        long deadline = clock.nanoTime() + TIMEOUT.toNanos();
        boolean waited = false;
        while (underWay() && clock.nanoTime() < deadline) {
            waited = true;
            clock.pause(STEP);
        }
        return waited;
    }

    /**
     * Tells whether what it may be writing is to be left to the next round: it is under way, and
     * since no longer than {@link #LONGEST}, as far as rounds have seen.
     */
    boolean postpones() {
        if (!underWay()) {
            since = OptionalLong.empty();
            return false;
        }
        long now = clock.nanoTime();
        if (since.isEmpty()) {
            since = OptionalLong.of(now);
        }
        return now - since.getAsLong() < LONGEST.toNanos();
    }

    /** A round found nothing wrong: what was under way has ended. */
    void ended() {
        since = OptionalLong.empty();
    }

    private boolean underWay() {
        OptionalInt owner = kernel.offset("mutex.owner");
        try {
            for (String lock : LOCKS) {
                OptionalLong address = kernel.symbol(lock);
                if (address.isPresent()
                        && owner.isPresent()
                        && memory.readLong(address.getAsLong() + owner.getAsInt()) != 0) {
                    return true;
                }
            }
        } catch (GuestMemoryException e) {
            return false;
        }
        return false;
    }
}
