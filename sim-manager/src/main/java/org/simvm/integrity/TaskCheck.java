// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.settings.IntegrityCheck;

/**
 * Compares three views of the guest's tasks: what the process monitor saw begin and end, the
 * guest's list, and what its scheduler runs.
 *
 * <p>No view is believed alone. A call of {@code do_exit}'s hook can be forged, so a task that
 * ended stays a suspect until its {@code task_struct} says so too and no CPU runs it. Events can be
 * lost, by accident or by a flood: then tasks of the list that nobody saw begin are taken in, while
 * those that were known before stay known.
 */
final class TaskCheck implements Check {
    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "tasks",
            IntegrityCheck.TASKS,
            guest -> guest.record().map(record -> new TaskCheck(guest, record)));

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    /** From its exit state to its last {@code schedule()}, on a CPU that the host hardly runs. */
    private static final Duration LONGEST_EXIT = Duration.ofMinutes(1);

    private final CheckedGuest guest;
    private final TaskList tasks;
    private final RunQueues queues;
    private final ProcessRecord record;

    TaskCheck(CheckedGuest guest, ProcessRecord record) {
        this.guest = guest;
        this.tasks = guest.tasks();
        this.queues = new RunQueues(guest.memory(), guest.kernel());
        this.record = record;
    }

    /** The three views at one look. */
    private record Views(
            Map<Long, TaskList.Task> listed,
            Set<Long> running,
            Map<Long, ProcessRecord.Life> before,
            Map<Long, ProcessRecord.Life> after,
            boolean lost) {
        /** Tells whether a life was known, as it is now, before the lists were read. */
        boolean stable(long address, ProcessRecord.Life life) {
            return before.get(address) == life;
        }
    }

    @Override
    public void run(FindingCollector findings) throws QmpException, InterruptedException {
        Map<Long, ProcessRecord.Life> before = record.lives();
        Map<Long, TaskList.Task> listed = new HashMap<>();
        Set<Long> running;
        try {
            int cpus = guest.vcpuCount();
            running = CheckedGuest.readStable(() -> queues.read(cpus));
            List<TaskList.Task> list = CheckedGuest.readStable(tasks::readAll);
            list.forEach(task -> listed.put(task.address(), task));
        } catch (GuestMemoryException e) {
            findings.addIncomplete("the guest's list of tasks", e.getMessage(), true);
            return;
        }
        if (!record.catchUp(TIMEOUT)) {
            findings.addIncomplete(
                    "record of tasks", "the guest's events are not read fast enough", false);
            return;
        }
        findings.compared((long) listed.size() * Long.BYTES);
        Views views = new Views(listed, running, before, record.lives(), record.unsure());
        views.after().forEach((address, life) -> known(address, life, views, findings));
        unknown(views, findings);
        strangers(views, findings);
        if (views.lost()) {
            record.reconciled();
        }
    }

    /** Looks at a task that the monitor knows. */
    private void known(
            long address, ProcessRecord.Life life, Views views, FindingCollector findings) {
        if (life.ranAfterEnd()) {
            found(FindingCode.TASK_ENDED_YET_RUNS, address, life, "made a call since", findings);
            return;
        }
        Optional<TaskList.State> state = tasks.state(address, life::isTask);
        boolean dead =
                state.isEmpty() || (state.get().dead() && !views.running().contains(address));
        if (life.ended()) {
            ended(address, life, state, dead, views, findings);
        } else if (!views.listed().containsKey(address)
                && views.stable(address, life)
                && (tasks.hasThreads() || life.leader())) {
            if (!dead) {
                found(
                        FindingCode.TASK_HIDDEN,
                        address,
                        life,
                        "has not ended, and is not in the list",
                        findings);
            } else if (views.lost()) {
                record.forget(address, life);
            } else {
                found(
                        FindingCode.TASK_END_UNSEEN,
                        address,
                        life,
                        "is gone, and its end called no monitor",
                        findings);
            }
        }
    }

    private void ended(
            long address,
            ProcessRecord.Life life,
            Optional<TaskList.State> state,
            boolean dead,
            Views views,
            FindingCollector findings) {
        if (dead) {
            record.forget(address, life);
            return;
        }
        TaskList.State now = state.get();
        if (!views.stable(address, life)
                || (now.exitState() && !record.endedBefore(life, LONGEST_EXIT))) {
            return; // it ended during this look, or its last CPU is about to leave it
        }
        boolean runs = now.scheduled() || views.running().contains(address);
        if (runs && (now.exitState() || !now.exiting())) {
            found(
                    FindingCode.TASK_ENDED_YET_RUNS,
                    address,
                    life,
                    "is run, though it called do_exit's hook",
                    findings);
        } else if (!views.listed().containsKey(address) && (tasks.hasThreads() || life.leader())) {
            found(
                    FindingCode.TASK_HIDDEN,
                    address,
                    life,
                    "called do_exit's hook, but has not ended, and is not in the list",
                    findings);
        }
    }

    /** Looks at tasks of the guest's that the monitor never saw begin. */
    private void unknown(Views views, FindingCollector findings) {
        int taken = 0;
        for (TaskList.Task task : views.listed().values()) {
            ProcessRecord.Life life = views.after().get(task.address());
            boolean other = life != null && !life.isTask(task.pid(), task.tgid());
            if (task.exiting() || (life != null && !other)) {
                continue;
            }
            if (views.lost()) {
                record.take(task);
                taken++;
            } else {
                neverBegan(task, findings);
            }
        }
        if (taken > 0) {
            findings.inform(
                    "record of tasks",
                    OptionalLong.empty(),
                    "events were lost: " + taken + " tasks of the guest's list were not seen to"
                            + " begin and are taken in; what was known before stays");
        }
    }

    /** Looks at tasks that run, or made an event, and are in neither list. */
    private void strangers(Views views, FindingCollector findings) {
        for (long address : views.running()) {
            if (!views.listed().containsKey(address) && !views.after().containsKey(address)) {
                tasks.at(address)
                        .filter(task -> !task.exiting()
                                && (tasks.hasThreads() || task.pid() == task.tgid()))
                        .ifPresent(task -> runsUnseen(address, task.toString(), findings));
            }
        }
        record.strangers().forEach((address, life) -> {
            boolean explained = views.lost()
                    && (views.listed().containsKey(address)
                            || tasks.state(address, life::isTask)
                                    .filter(now -> !now.dead())
                                    .isEmpty());
            if (!views.after().containsKey(address) && !explained) {
                runsUnseen(address, life.toString(), findings);
            }
        });
    }

    private static void runsUnseen(long address, String subject, FindingCollector findings) {
        findings.addGuestControlled(
                FindingCode.TASK_RUNS_UNSEEN,
                subject,
                OptionalLong.of(address),
                new Evidence.Text(
                        "a task that the process monitor saw begin",
                        "it runs, was never seen to begin, and is no task of the list"));
    }

    private static void neverBegan(TaskList.Task task, FindingCollector findings) {
        findings.addGuestControlled(
                FindingCode.TASK_NEVER_BEGAN,
                task.toString(),
                OptionalLong.of(task.address()),
                new Evidence.Text(
                        "a task that the process monitor saw begin",
                        "in the guest's list, though never seen to begin"));
    }

    private static void found(
            FindingCode code,
            long address,
            ProcessRecord.Life life,
            String what,
            FindingCollector findings) {
        findings.addGuestControlled(
                code,
                life.toString(),
                OptionalLong.of(address),
                new Evidence.Text(
                        "in the guest's list of tasks until its end", "a task that " + what));
    }
}
