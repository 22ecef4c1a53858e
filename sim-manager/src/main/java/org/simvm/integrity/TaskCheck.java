// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.simvm.guest.memory.GuestMemoryException;

/**
 * Compares the guest's list of tasks with the process monitor's record. A task that the monitor saw
 * begin and not end, and that is not in the list, is hidden; one in the list that it never saw
 * begin got there by other means than the kernel's.
 */
final class TaskCheck implements Check {
    private static final int ATTEMPTS = 3;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final TaskList tasks;
    private final ProcessRecord record;

    TaskCheck(TaskList tasks, ProcessRecord record) {
        this.tasks = tasks;
        this.record = record;
    }

    @Override
    public void run(FindingCollector findings) throws InterruptedException {
        if (record.unsure()) {
            List<TaskList.Task> now = read(findings);
            if (now != null) {
                record.restart(now);
                findings.inform(
                        "record of tasks",
                        OptionalLong.empty(),
                        "events were lost: it begins anew with the guest's own list");
            }
            return;
        }
        Map<Long, ProcessRecord.Life> before = record.alive();
        List<TaskList.Task> list = read(findings);
        if (list == null) {
            return;
        }
        if (!record.catchUp(TIMEOUT)) {
            findings.addIncomplete(
                    "record of tasks", "the guest's events are not read fast enough", false);
            return;
        }
        compare(before, list, record.alive(), findings);
    }

    private void compare(
            Map<Long, ProcessRecord.Life> before,
            List<TaskList.Task> list,
            Map<Long, ProcessRecord.Life> after,
            FindingCollector findings) {
        Map<Long, TaskList.Task> listed = new HashMap<>();
        list.forEach(task -> listed.put(task.address(), task));
        findings.compared((long) list.size() * Long.BYTES);
        before.forEach((address, life) -> {
            if (after.get(address) == life
                    && !listed.containsKey(address)
                    && (tasks.hasThreads() || life.leader())) {
                findings.addGuestControlled(
                        FindingCode.TASK_HIDDEN,
                        life.toString(),
                        OptionalLong.of(address),
                        new Evidence.Text(
                                "in the guest's list of tasks",
                                "a task that has not ended, and is not in the list"));
            }
        });
        for (TaskList.Task task : list) {
            if (!task.exiting() && !after.containsKey(task.address())) {
                findings.addGuestControlled(
                        FindingCode.TASK_NEVER_BEGAN,
                        task.toString(),
                        OptionalLong.of(task.address()),
                        new Evidence.Text(
                                "a task that the process monitor saw begin",
                                "in the guest's list, though never seen to begin"));
            }
        }
    }

    private List<TaskList.Task> read(FindingCollector findings) {
        String reason = "";
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                return tasks.readAll();
            } catch (GuestMemoryException e) {
                reason = e.getMessage();
            }
        }
        findings.addIncomplete("the guest's list of tasks", reason, true);
        return null;
    }
}
