// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Reads the guest's list of processes ({@code init_task.tasks}) while it runs. All of it is the
 * guest's own word: it may leave out a process, and it may lead anywhere.
 */
final class TaskList {
    /**
     * The default limit of process ids ({@code PID_MAX_DEFAULT}) twice over; bounds a list that
     * never ends.
     */
    private static final int MOST = 1 << 16;

    private static final int COMM = 16;
    /** {@code PF_EXITING}. */
    private static final int EXITING = 4;

    private final VirtualMemory memory;
    private final long initTask;
    private final int tasks;
    private final int mm;
    private final int pid;
    private final int comm;
    private final int pgd;
    private final int tgid;
    private final int flags;
    private final OptionalInt exitState;
    private final OptionalInt onQueue;
    private final OptionalInt onCpu;
    private final OptionalInt signal;
    private final OptionalInt threadHead;
    private final OptionalInt threadNode;

    private TaskList(VirtualMemory memory, Kernel kernel) {
        this.memory = memory;
        initTask = kernel.symbol("init_task").orElseThrow();
        tasks = kernel.offset("task_struct.tasks").orElseThrow();
        mm = kernel.offset("task_struct.mm").orElseThrow();
        pid = kernel.offset("task_struct.pid").orElseThrow();
        comm = kernel.offset("task_struct.comm").orElseThrow();
        pgd = kernel.offset("mm_struct.pgd").orElseThrow();
        tgid = kernel.offset("task_struct.tgid").orElseThrow();
        flags = kernel.offset("task_struct.flags").orElseThrow();
        exitState = kernel.offset("task_struct.exit_state");
        onQueue = kernel.offset("task_struct.on_rq");
        onCpu = kernel.offset("task_struct.on_cpu");
        signal = kernel.offset("task_struct.signal");
        threadHead = kernel.offset("signal_struct.thread_head");
        threadNode = kernel.offset("task_struct.thread_node");
    }

    /**
     * Makes a reader, or throws {@link BaselineException} if the kernel lacks a symbol or member.
     */
    static TaskList of(VirtualMemory memory, Kernel kernel) throws BaselineException {
        try {
            return new TaskList(memory, kernel);
        } catch (NoSuchElementException e) {
            throw new BaselineException(
                    "Linux " + kernel.version()
                            + " lacks a structure that the list of processes needs",
                    e);
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
            return shown(comm, pid);
        }
    }

    /**
     * Reads the list once.
     *
     * @throws GuestMemoryException if it leads out of memory, or does not end; it may have changed
     *     under the reader
     */
    List<Process> read() throws GuestMemoryException {
        List<Process> processes = new ArrayList<>();
        long head = initTask + tasks;
        long at = memory.readLong(head);
        for (int count = 0; at != head; count++) {
            if (count >= MOST) {
                throw new GuestMemoryException(
                        at, "the guest's list of processes has more than " + MOST + " entries");
            }
            long task = at - tasks;
            long space = memory.readLong(task + mm);
            if (space != 0) {
                processes.add(new Process(
                        task,
                        space,
                        memory.readLong(space + pgd),
                        memory.readInt(task + pid),
                        name(task)));
            }
            at = memory.readLong(at);
        }
        return processes;
    }

    /**
     * A task: a process, a thread, or a thread of the kernel's.
     *
     * @param address guest virtual address of its {@code task_struct}
     * @param pid its thread id
     * @param tgid its process id
     * @param exiting it has begun to end
     * @param comm its name, cleaned
     */
    record Task(long address, int pid, int tgid, boolean exiting, String comm) {
        @Override
        public String toString() {
            return shown(comm, pid);
        }
    }

    /** Names a task as the subject of a finding. */
    static String shown(String comm, int pid) {
        return "process '" + comm + "' (pid " + pid + ")";
    }

    /** Tells whether a task is the one that is meant. */
    @FunctionalInterface
    interface IdTest {
        boolean test(int pid, int tgid);
    }

    /**
     * What a {@code task_struct} says of its own end ({@code include/linux/sched.h}).
     *
     * @param exitState it is a zombie, or dead: {@code exit_state} is not 0
     * @param exiting {@code PF_EXITING}, which is set soon after {@code do_exit} was called
     * @param scheduled it is on a run queue or on a CPU ({@code on_rq}, {@code on_cpu})
     */
    record State(boolean exitState, boolean exiting, boolean scheduled) {
        /** Tells whether it never runs again. */
        boolean dead() {
            return exitState && !scheduled;
        }
    }

    /**
     * Returns the state of a task; empty if another task, or none, is at the address by now.
     *
     * @param address guest virtual address of its {@code task_struct}
     * @param isTask tells whether a thread id and a process id are the task's
     */
    Optional<State> state(long address, IdTest isTask) {
        try {
            if (!isTask.test(memory.readInt(address + pid), memory.readInt(address + tgid))) {
                return Optional.empty();
            }
            return Optional.of(new State(
                    set(address, exitState),
                    (memory.readInt(address + flags) & EXITING) != 0,
                    set(address, onQueue) || set(address, onCpu)));
        } catch (GuestMemoryException e) {
            return Optional.empty();
        }
    }

    private boolean set(long address, OptionalInt member) throws GuestMemoryException {
        return member.isPresent() && memory.readInt(address + member.getAsInt()) != 0;
    }

    /** Reads a task that need not be in the list; empty if there is no memory. */
    Optional<Task> at(long address) {
        try {
            return Optional.of(task(address));
        } catch (GuestMemoryException e) {
            return Optional.empty();
        }
    }

    /** Tells whether {@link #readAll} has the threads of processes, too. */
    boolean hasThreads() {
        return signal.isPresent() && threadHead.isPresent() && threadNode.isPresent();
    }

    /**
     * Reads the list with the threads of each process, once.
     *
     * @throws GuestMemoryException as for {@link #read}
     */
    List<Task> readAll() throws GuestMemoryException {
        List<Task> all = new ArrayList<>();
        Steps steps = new Steps();
        long head = initTask + tasks;
        for (long at = memory.readLong(head); at != head; at = memory.readLong(at)) {
            steps.take(at);
            all.add(task(at - tasks));
            if (hasThreads()) {
                threads(all, at - tasks, steps);
            }
        }
        return all;
    }

    private void threads(List<Task> all, long leader, Steps steps) throws GuestMemoryException {
        long list = memory.readLong(leader + signal.getAsInt()) + threadHead.getAsInt();
        for (long at = memory.readLong(list); at != list; at = memory.readLong(at)) {
            steps.take(at);
            if (at - threadNode.getAsInt() != leader) {
                all.add(task(at - threadNode.getAsInt()));
            }
        }
    }

    /** Bounds what is walked of all the lists together; entries that are not kept count, too. */
    private static final class Steps {
        private int taken;

        void take(long at) throws GuestMemoryException {
            if (++taken > 2 * MOST) { // a leader is met twice, in the list of processes and in that
                // of its threads
                throw new GuestMemoryException(
                        at, "the guest's list of tasks has more than " + MOST + " entries");
            }
        }
    }

    private Task task(long task) throws GuestMemoryException {
        return new Task(
                task,
                memory.readInt(task + pid),
                memory.readInt(task + tgid),
                (memory.readInt(task + flags) & EXITING) != 0,
                name(task));
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
