// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
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
 * What the process monitor saw of the guest's tasks: which began, which ended, which started a
 * program or asked for other credentials. Tasks are known by the address of their
 * {@code task_struct}, as a thread that starts a program takes its leader's process id.
 *
 * <p>An event can be forged, so that a task which ended is kept until {@link TaskCheck} has seen
 * that it is gone; and one that makes an event though it never began is a stranger.
 */
public final class ProcessRecord implements EventSink {
    /**
     * More than {@code PID_MAX_LIMIT} of a guest of reasonable size; what a hostile guest could
     * make up.
     */
    private static final int MOST = 1 << 18;

    private static final int MOST_STRANGERS = 256;
    /** Two rounds with two looks each. */
    private static final int LOOKS_AT_STRANGER = 4;
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
    private final LongSupplier nanoClock;
    private final Map<Long, Life> lives = new HashMap<>();
    private final Map<Long, Life> strangers = new LinkedHashMap<>();
    private long lossesKnown;
    private long lossesAtLook;
    private long emptied;
    private boolean full;
    private boolean primed;
    private boolean adopted;

    /** A task, and what it has done since it was first seen. */
    static final class Life {
        private final int pid;
        private final int tgid;
        private String comm;
        private long programs;
        private long credentialCalls;
        private Subject last;
        private String escalation;
        private boolean ended;
        private long endedNanos;
        private boolean ranAfterEnd;
        private int looks;

        private Life(int pid, int tgid, String comm) {
            this.pid = pid;
            this.tgid = tgid;
            this.comm = comm;
        }

        /** Tells whether it called {@code do_exit}'s hook, or somebody did in its name. */
        boolean ended() {
            return ended;
        }

        /** Tells whether it made an event after its end. */
        boolean ranAfterEnd() {
            return ranAfterEnd;
        }

        /** Tells whether such ids are its own: an exec gives a thread its leader's. */
        boolean isTask(int otherPid, int otherTgid) {
            return otherTgid == tgid && (otherPid == pid || otherPid == tgid);
        }

        boolean leader() {
            return pid == tgid;
        }

        @Override
        public String toString() {
            return TaskList.shown(comm, pid);
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
        this(wake, losses, System::nanoTime);
    }

    ProcessRecord(Runnable wake, LongSupplier losses, LongSupplier nanoClock) {
        this.wake = wake;
        this.losses = losses;
        this.nanoClock = nanoClock;
    }

    @Override
    public synchronized void accept(Event event) {
        if (event instanceof ForkEvent fork) {
            begin(fork.child().task(), life(fork.child()));
        }
        Subject subject = event.head().subject();
        Life life = lives.get(subject.task());
        if (event instanceof ExitEvent) {
            if (life != null && !life.ended) {
                life.ended = true;
                life.endedNanos = nanoClock.getAsLong();
            }
            return;
        }
        if (life == null) {
            if (primed && strangers.size() < MOST_STRANGERS) {
                strangers.putIfAbsent(subject.task(), life(subject));
            }
            return;
        }
        life.ranAfterEnd |= life.ended;
        escalation(life, subject);
        life.comm = clean(subject);
        if (event instanceof ExecEvent) {
            life.programs++;
            life.last = null; // what it starts may have rights of its own
        } else if (event instanceof SyscallEvent call && CREDENTIAL_CALLS.contains(call.name())) {
            life.credentialCalls++;
            life.last = null;
        } else {
            life.last = subject;
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
        strangers.remove(task);
        if (lives.size() >= MOST && !lives.containsKey(task)) {
            lives.values().removeIf(Life::ended); // nobody looks, or somebody forges ends
            full = true;
        }
        if (lives.size() < MOST) {
            lives.put(task, life);
        }
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

    /** Begins with the tasks that live when the baseline is recorded. */
    synchronized void begin(Collection<TaskList.Task> tasks) {
        primed = true;
        lossesKnown = losses.getAsLong();
        tasks.stream().filter(task -> !task.exiting()).forEach(this::take);
    }

    /**
     * Begins with the tasks that live when a manager takes a guest up: events since the last one
     * may be missing, so that the record is unsure until the next look.
     */
    synchronized void adopt(Collection<TaskList.Task> tasks) {
        begin(tasks);
        adopted = true;
    }

    /** Takes in a task that lives and was never seen to begin. */
    synchronized void take(TaskList.Task task) {
        Life known = lives.get(task.address());
        if (known == null || !known.isTask(task.pid(), task.tgid())) {
            begin(task.address(), new Life(task.pid(), task.tgid(), task.comm()));
        }
    }

    /** Forgets a task that is gone; not another one that began at its address meanwhile. */
    synchronized void forget(long task, Life life) {
        lives.remove(task, life);
    }

    /** Tells whether events were lost since the last look, so that the record may lack some. */
    synchronized boolean unsure() {
        lossesAtLook = losses.getAsLong();
        return full || adopted || lossesAtLook != lossesKnown;
    }

    /** The guest's own lists have filled the gaps that lost events left. */
    synchronized void reconciled() {
        lossesKnown = lossesAtLook;
        full = false;
        adopted = false;
        strangers.clear();
    }

    /** Returns the tasks that are known, as far as events have been read. */
    synchronized Map<Long, Life> lives() {
        return new HashMap<>(lives);
    }

    /** Returns tasks that made an event and never began; each is returned some times only. */
    synchronized Map<Long, Life> strangers() {
        strangers.values().removeIf(life -> ++life.looks > LOOKS_AT_STRANGER);
        return new HashMap<>(strangers);
    }

    /** Tells whether a task ended longer ago than some time. */
    synchronized boolean endedBefore(Life life, Duration time) {
        return life.ended && nanoClock.getAsLong() - life.endedNanos > time.toNanos();
    }

    synchronized Optional<TaskActivity> activity(long task) {
        return Optional.ofNullable(lives.get(task))
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
