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
 * Tells whether the guest's kernel is patching itself just now: it holds a lock of those who do. A tracer that
 * ends is out of ftrace's list a while before the calls of its trampoline are gone, and with tens of thousands
 * of them that takes a second, or half a minute if the host is so busy that the guest hardly runs. A guest that holds a lock for ever
 * gains no more than {@link #PATIENCE}.
 */
final class SelfPatching {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration STEP = Duration.ofMillis(100);
    private static final List<String> LOCKS = List.of("ftrace_lock", "text_mutex");

    private final Kernel kernel;
    private final VirtualMemory memory;

    SelfPatching(Kernel kernel, VirtualMemory memory) {
        this.kernel = kernel;
        this.memory = memory;
    }

    /** Waits until it is done with, or the patience is over; returns whether it was under way at all. */
    boolean await() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        boolean waited = false;
        while (underWay() && System.nanoTime() < deadline) {
            waited = true;
            Thread.sleep(STEP.toMillis());
        }
        return waited;
    }

    private boolean underWay() {
        OptionalInt owner = kernel.offset("mutex.owner");
        try {
            for (String lock : LOCKS) {
                OptionalLong address = kernel.symbol(lock);
                if (address.isPresent() && owner.isPresent() && memory.readLong(address.getAsLong() + owner.getAsInt()) != 0) {
                    return true;
                }
            }
        } catch (GuestMemoryException e) {
            return false;
        }
        return false;
    }
}
