// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.List;
import java.util.Optional;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.ModuleList;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.region.HookDeclaration;
import org.simvm.region.RegionPlan;

/** Tells what can be known of a guest: which lists its kernel has, and what its monitors see. */
final class GuestKnowledge {
    private final ArmedGuest guest;
    private final Kernel kernel;
    private final VirtualMemory memory;
    private final Optional<ModuleList> modules;
    private final Optional<TaskList> tasks;

    private GuestKnowledge(ArmedGuest guest) throws BaselineException {
        this.guest = guest;
        this.kernel = guest.kernel();
        this.memory = new VirtualMemory(guest.kernelTables());
        this.tasks = Optional.of(TaskList.of(memory, kernel));
        try {
            this.modules = ModuleList.of(kernel, memory);
        } catch (KernelUnresolvedException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    static GuestKnowledge of(ArmedGuest guest) throws BaselineException {
        return new GuestKnowledge(guest);
    }

    Optional<ModuleList> modules() {
        return modules;
    }

    Optional<TaskList> tasks() {
        return tasks;
    }

    /** Tells whether every beginning, program and end of a task calls a monitor. */
    boolean processesSeen() {
        return List.of("wake_up_new_task", "begin_new_exec", "do_exit").stream()
                .allMatch(function -> guest.hooks().stream()
                        .anyMatch(hook -> hook.declaration().function().equals(function)));
    }

    /**
     * Tells whether every system call is reported: a monitor has them all, and its settings do not
     * choose.
     */
    private boolean callsSeen() {
        return guest.hooks().stream()
                .anyMatch(hook -> hook.declaration().kind() == HookDeclaration.Kind.CALL
                        && hook.declaration().function().equals("do_syscall_64")
                        && hook.monitor() < planned().size()
                        && planned().get(hook.monitor()).parameters().get("calls") == null);
    }

    private List<RegionPlan.PlannedMonitor> planned() {
        return guest.region().plan().monitors();
    }

    /** Returns the check of credentials; empty if this kernel's types do not say how they look. */
    Optional<Check> credentials(Optional<ProcessRecord> record) throws BaselineException {
        if (kernel.offset("task_struct.real_cred").isEmpty() || tasks.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new CredentialCheck(memory, kernel, tasks.get(), record, callsSeen()));
    }
}
