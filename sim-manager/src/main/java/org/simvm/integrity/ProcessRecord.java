// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.simvm.events.Event;
import org.simvm.events.EventSink;
import org.simvm.events.ExecEvent;
import org.simvm.events.ExitEvent;
import org.simvm.events.ForkEvent;
import org.simvm.events.Subject;
import org.simvm.events.SyscallEvent;

/**
 * What the process monitor saw of the guest's tasks: which began and did not end, which started a
 * program or asked for other credentials. Tasks are known by the address of their
 * {@code task_struct}, as a thread that starts a program takes its leader's process id.
 */
public final class ProcessRecord implements EventSink {
    /**
     * More than {@code PID_MAX_LIMIT} of a guest of reasonable size; what a hostile guest could
     * make up.
     */
    private static final int MOST = 1 << 18;
    /** Calls by which a task changes its credentials; starting a program is an event of its own. */
    private static final Set<String> CREDENTIAL_CALLS = Set.of(
            "setuid",
            "setgid",
            "setreuid",
            "setregid",
            "setresuid",
            "setresgid",
            "setfsuid",
            "setfsgid",
            "setgroups",
            "capset",
            "prctl",
            "keyctl",
            "unshare",
            "setns",
            "setuid32",
            "setgid32",
            "setreuid32",
            "setregid32",
            "setresuid32",
            "setresgid32",
            "setfsuid32",
            "setfsgid32",
            "setgroups32");

    private final Runnable wake;
    private final LongSupplier losses;
    private final Map<Long, Life> alive = new HashMap<>();
    private long lossesKnown;
    private long emptied;
    private boolean full;

    /** A task that lives, and what it has done since it was first seen. */
    static final class Life {
        private final int pid;
        private final int tgid;
        private String comm;
        private long programs;
        private long credentialCalls;
        private Subject last;
        private String escalation;

        private Life(int pid, int tgid, String comm) {
            this.pid = pid;
            this.tgid = tgid;
            this.comm = comm;
        }

        int pid() {
            return pid;
        }

        boolean leader() {
            return pid == tgid;
        }

        @Override
        public String toString() {
            return "process '" + comm + "' (pid " + pid + ")";
        }
    }

    /**
     * What a task has done so far.
     *
     * @param programs it started
     * @param credentialCalls it made
     * @param escalation how its credentials grew between two events of its, with no call and no
     *     program between
     */
    record TaskActivity(long programs, long credentialCalls, Optional<String> escalation) {}

    /**
     * @param wake has whoever reads the ring look at it now
     * @param losses counts events that were lost so far
     */
    public ProcessRecord(Runnable wake, LongSupplier losses) {
        this.wake = wake;
        this.losses = losses;
    }

    @Override
    public synchronized void accept(Event event) {
        if (event instanceof ForkEvent fork) {
            begin(fork.child().task(), life(fork.child()));
        } else if (event instanceof ExitEvent exit) {
            alive.remove(exit.head().subject().task());
            return;
        }
        Life life = alive.get(event.head().subject().task());
        if (life == null) {
            return;
        }
        escalation(life, event.head().subject());
        life.comm = clean(event.head().subject());
        if (event instanceof ExecEvent) {
            life.programs++;
            life.last = null; // what it starts may have rights of its own
        } else if (event instanceof SyscallEvent call && CREDENTIAL_CALLS.contains(call.name())) {
            life.credentialCalls++;
            life.last = null;
        } else {
            life.last = event.head().subject();
        }
    }

    private static Life life(Subject subject) {
        return new Life(subject.pid(), subject.tgid(), clean(subject));
    }

    private static String clean(Subject subject) {
        byte[] name = subject.comm().bytes();
        char[] shown = new char[name.length];
        for (int i = 0; i < shown.length; i++) {
            shown[i] = name[i] >= 0x20 && name[i] < 0x7f ? (char) name[i] : '?';
        }
        return new String(shown);
    }

    private void begin(long task, Life life) {
        if (alive.size() >= MOST && !alive.containsKey(task)) {
            full = true;
            return;
        }
        alive.put(task, life);
    }

    private static void escalation(Life life, Subject now) {
        Subject before = life.last;
        if (before != null
                && before.uid() != 0
                && before.euid() != 0
                && (now.uid() == 0 || now.euid() == 0)) {
            life.escalation = "from uid " + before.uid() + ", euid " + before.euid() + " to uid "
                    + now.uid() + ", euid " + now.euid();
        }
    }

    @Override
    public synchronized void idle() {
        emptied++;
        notifyAll();
    }

    /** Adds tasks that live and were never seen to begin. */
    synchronized void add(Collection<TaskList.Task> tasks) {
        for (TaskList.Task task : tasks) {
            if (!task.exiting() && !alive.containsKey(task.address())) {
                begin(task.address(), new Life(task.pid(), task.tgid(), task.comm()));
            }
        }
    }

    /**
     * Begins anew with what the guest's own list says; returns how many events were lost before.
     */
    synchronized void restart(Collection<TaskList.Task> tasks) {
        lossesKnown = losses.getAsLong();
        full = false;
        alive.keySet().retainAll(tasks.stream().map(TaskList.Task::address).toList());
        add(tasks);
    }

    /** Tells whether events were lost since the record began, so that it may be wrong. */
    synchronized boolean unsure() {
        return full || losses.getAsLong() != lossesKnown;
    }

    /** Returns who lives now, as far as events have been read. */
    synchronized Map<Long, Life> alive() {
        return new HashMap<>(alive);
    }

    synchronized Optional<TaskActivity> deeds(long task) {
        return Optional.ofNullable(alive.get(task))
                .map(life -> new TaskActivity(
                        life.programs, life.credentialCalls, Optional.ofNullable(life.escalation)));
    }

    /**
     * Waits until every event that was in the ring when this was called has been taken.
     *
     * @return false if that took too long
     */
    boolean catchUp(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        for (int pass = 0; pass < 2; pass++) { // the first may have begun before
            long before;
            synchronized (this) {
                before = emptied;
            }
            wake.run();
            synchronized (this) {
                while (emptied == before) {
                    long left = (deadline - System.nanoTime()) / 1_000_000;
                    if (left <= 0) {
                        return false;
                    }
                    wait(left);
                }
            }
        }
        return true;
    }
}
