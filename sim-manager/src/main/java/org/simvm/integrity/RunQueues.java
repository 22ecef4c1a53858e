// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.HashSet;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Reads which tasks the guest's scheduler runs: the current one of each CPU, and those that wait in
 * the queue of the fair class ({@code struct rq}, {@code kernel/sched/sched.h}). A task can be
 * taken out of every other list and live; taken out of these it never runs again.
 */
final class RunQueues {
    /** Bounds a queue that never ends. */
    private static final int MOST = 1 << 16;

    private final VirtualMemory memory;
    private final OptionalLong queues;
    private final OptionalLong offsets;
    private final OptionalInt current;
    private final OptionalInt idle;
    private final OptionalInt fair;
    private final OptionalInt node;

    RunQueues(VirtualMemory memory, Kernel kernel) {
        this.memory = memory;
        queues = kernel.symbol("runqueues");
        offsets = kernel.symbol("__per_cpu_offset");
        current = kernel.offset("rq.curr");
        idle = kernel.offset("rq.idle");
        fair = kernel.offset("rq.cfs_tasks");
        node = kernel.offset("task_struct.se.group_node");
    }

    /** Tells whether this kernel's symbols and types say where the queues are. */
    boolean known() {
        return queues.isPresent() && offsets.isPresent() && current.isPresent() && idle.isPresent();
    }

    /**
     * Returns the addresses of the tasks that run or wait to, idle tasks left out; they change
     * while they are read.
     *
     * @param cpus how many CPUs the guest may have
     * @throws GuestMemoryException if a queue leads out of memory, or does not end
     */
    Set<Long> read(int cpus) throws GuestMemoryException {
        Set<Long> tasks = new HashSet<>();
        for (int cpu = 0; known() && cpu < cpus; cpu++) {
            long base = memory.readLong(offsets.getAsLong() + (long) Long.BYTES * cpu);
            long queue = queues.getAsLong() + base;
            long now = memory.readLong(queue + current.getAsInt());
            if (now != memory.readLong(queue + idle.getAsInt())) {
                tasks.add(now);
            }
            if (fair.isPresent() && node.isPresent()) {
                queued(queue + fair.getAsInt(), tasks);
            }
        }
        return tasks;
    }

    private void queued(long head, Set<Long> tasks) throws GuestMemoryException {
        int steps = 0;
        for (long at = memory.readLong(head); at != head && at != 0; at = memory.readLong(at)) {
            if (++steps > MOST) {
                throw new GuestMemoryException(
                        at, "a run queue of the guest has more than " + MOST + " entries");
            }
            tasks.add(at - node.getAsInt());
        }
    }
}
