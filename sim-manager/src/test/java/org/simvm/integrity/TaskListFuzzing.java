// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.List;
import org.simvm.arming.SyntheticGuest;
import org.simvm.fuzzing.FuzzInput;
import org.simvm.fuzzing.GuestEdits;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;

/** The list of tasks and their threads; input as {@link GuestEdits} says. */
public final class TaskListFuzzing {
    private static final GuestEdits EDITS = new GuestEdits(
            List.of("init_task", "shell_task", "daemon_task", "shell_mm", "daemon_mm"));
    private static final TaskList TASKS = tasks();

    private TaskListFuzzing() {}

    private static TaskList tasks() {
        EDITS.guest().threads();
        try {
            return TaskList.of(
                    new VirtualMemory(new PageTables(EDITS.memory(), SyntheticGuest.CR3, 4)),
                    EDITS.guest().kernel());
        } catch (BaselineException e) {
            throw new AssertionError(e);
        }
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            EDITS.apply(new FuzzInput(bytes));
            read();
            readAll();
        } finally {
            EDITS.undo();
        }
    }

    private static void read() {
        try {
            for (TaskList.Process process : TASKS.read()) {
                TASKS.unchanged(process);
                printable(process.toString());
            }
        } catch (GuestMemoryException e) {
            printable(e.getMessage());
        }
    }

    private static void readAll() {
        try {
            TASKS.readAll().forEach(task -> printable(task.toString()));
        } catch (GuestMemoryException e) {
            printable(e.getMessage());
        }
    }

    private static void printable(String text) {
        if (text.isEmpty() || !text.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
            throw new AssertionError("not one printable line: " + text);
        }
    }
}
