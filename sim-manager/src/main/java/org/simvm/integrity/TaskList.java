// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Reads the guest's list of processes ({@code init_task.tasks}) while it runs. All of it is the guest's own
 * word: it may leave out a process, and it may lead anywhere.
 */
final class TaskList {
    /**
     * The default limit of process ids ({@code PID_MAX_DEFAULT}) twice over; bounds a list that never ends.
     */
    private static final int MOST = 1 << 16;
    private static final int COMM = 16;

    private final VirtualMemory memory;
    private final long initTask;
    private final int tasks;
    private final int mm;
    private final int pid;
    private final int comm;
    private final int pgd;

    private TaskList(VirtualMemory memory, Kernel kernel) {
        this.memory = memory;
        initTask = kernel.symbol("init_task").orElseThrow();
        tasks = kernel.offset("task_struct.tasks").orElseThrow();
        mm = kernel.offset("task_struct.mm").orElseThrow();
        pid = kernel.offset("task_struct.pid").orElseThrow();
        comm = kernel.offset("task_struct.comm").orElseThrow();
        pgd = kernel.offset("mm_struct.pgd").orElseThrow();
    }

    /** Makes a reader, or throws {@link BaselineException} if the kernel lacks a symbol or member. */
    static TaskList of(VirtualMemory memory, Kernel kernel) throws BaselineException {
        try {
            return new TaskList(memory, kernel);
        } catch (NoSuchElementException e) {
            throw new BaselineException("Linux " + kernel.version()
                    + " lacks a structure that the list of processes needs", e);
        }
    }

    /**
     * A process with memory of its own.
     *
     * @param task guest virtual address of its {@code task_struct}
     * @param mm guest virtual address of its {@code mm_struct}
     * @param pgd guest virtual address of its topmost page table
     * @param pid its process id
     * @param comm its name, cleaned
     */
    record Process(long task, long mm, long pgd, int pid, String comm) {
        @Override
        public String toString() {
            return "process '" + comm + "' (pid " + pid + ")";
        }
    }

    /**
     * Reads the list once.
     *
     * @throws GuestMemoryException if it leads out of memory, or does not end; it may have changed under the
     *     reader
     */
    List<Process> read() throws GuestMemoryException {
        List<Process> processes = new ArrayList<>();
        long head = initTask + tasks;
        long at = memory.readLong(head);
        for (int count = 0; at != head; count++) {
            if (count >= MOST) {
                throw new GuestMemoryException(at, "the guest's list of processes has more than " + MOST
                        + " entries");
            }
            long task = at - tasks;
            long space = memory.readLong(task + mm);
            if (space != 0) {
                processes.add(new Process(task, space, memory.readLong(space + pgd),
                        memory.readInt(task + pid), name(task)));
            }
            at = memory.readLong(at);
        }
        return processes;
    }

    /** Tells whether a process still has the page tables that it had when the list was read. */
    boolean unchanged(Process process) {
        try {
            return memory.readLong(process.task() + mm) == process.mm()
                    && memory.readLong(process.mm() + pgd) == process.pgd()
                    && memory.readInt(process.task() + pid) == process.pid();
        } catch (GuestMemoryException e) {
            return false;
        }
    }

    private String name(long task) throws GuestMemoryException {
        return memory.readString(task + comm, COMM).replaceAll("[^\\x20-\\x7e]", "?");
    }
}
