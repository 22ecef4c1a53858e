// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.ModuleList;
import org.simvm.guest.kernel.SymbolOffset;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;
import org.simvm.region.HookDeclaration;
import org.simvm.region.RegionPlan;

/**
 * What all checks of a guest share: its memory, the lists that its kernel has, what its monitors
 * see, and the registers of its vCPUs. Used by one thread at a time.
 */
final class CheckedGuest {
    private static final int ATTEMPTS = 3;

    private final ArmedGuest armed;
    private final VirtualMemory memory;
    private final Optional<ModuleList> modules;
    private final TaskList tasks;
    private final Optional<ProcessRecord> record;
    private final Set<Integer> broughtUp = new HashSet<>();
    private List<SimStatus.Vcpu> allVcpus;
    private long round;

    /**
     * Views an armed guest.
     *
     * @param record what the process monitor sees; left out if that monitor doesn't run
     * @throws BaselineException if the kernel lacks a structure that every check needs
     */
    CheckedGuest(ArmedGuest armed, Optional<ProcessRecord> record) throws BaselineException {
        this.armed = armed;
        this.memory = new VirtualMemory(armed.kernelTables());
        this.tasks = TaskList.of(memory, armed.kernel());
        this.record = record.filter(given -> processesSeen());
        try {
            this.modules = ModuleList.of(armed.kernel(), memory);
        } catch (KernelUnresolvedException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    ArmedGuest armed() {
        return armed;
    }

    Kernel kernel() {
        return armed.kernel();
    }

    VirtualMemory memory() {
        return memory;
    }

    Optional<ModuleList> modules() {
        return modules;
    }

    TaskList tasks() {
        return tasks;
    }

    Optional<ProcessRecord> record() {
        return record;
    }

    /** Reads something that the guest may change under the reader. */
    interface Reader<T> {
        T read() throws GuestMemoryException;
    }

    /**
     * Reads one of the guest's lists, up to {@value #ATTEMPTS} times: entries come and go under the
     * reader, and lead it astray.
     *
     * @throws GuestMemoryException of the last attempt
     */
    static <T> T readStable(Reader<T> reader) throws GuestMemoryException {
        for (int attempt = 1; ; attempt++) {
            try {
                return reader.read();
            } catch (GuestMemoryException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Returns the code that the guest's kernel has now. */
    LoadedCode code() throws GuestMemoryException {
        return new LoadedCode(
                kernel(), modules.isPresent() ? readStable(modules.get()::read) : List.of());
    }

    /** Names an address of the kernel's image. */
    Evidence.Address address(long address) {
        return new Evidence.Address(
                address, kernel().symbolAt(address).map(SymbolOffset::toString));
    }

    /**
     * Returns the vCPUs that run, with their registers, as QEMU reports them: asked once for all
     * checks of a look, as each question stops every vCPU for a moment. One that was never brought
     * up is left out; one that was stays in, whatever its registers hold since.
     */
    List<SimStatus.Vcpu> vcpus() throws QmpException, InterruptedException {
        return allVcpus().stream().filter(this::broughtUp).toList();
    }

    /** Returns how many vCPUs there are, brought up or not. */
    int vcpuCount() throws QmpException, InterruptedException {
        return allVcpus().size();
    }

    private List<SimStatus.Vcpu> allVcpus() throws QmpException, InterruptedException {
        if (allVcpus == null) {
            allVcpus = armed.vcpus().vcpus();
        }
        return allVcpus;
    }

    private boolean broughtUp(SimStatus.Vcpu vcpu) {
        if (vcpu.broughtUp()) {
            broughtUp.add(vcpu.index());
        }
        return broughtUp.contains(vcpu.index());
    }

    /** Begins a round, and its first look. */
    void beginRound() {
        round++;
        beginLook();
    }

    /** Begins a look: what QEMU reported before is forgotten. */
    void beginLook() {
        allVcpus = null;
    }

    /** Returns the number of the round, which is that of each of its looks. */
    long round() {
        return round;
    }

    /** Tells whether every beginning, program and end of a task calls a monitor. */
    private boolean processesSeen() {
        return List.of("wake_up_new_task", "begin_new_exec", "do_exit").stream()
                .allMatch(function -> armed.hooks().stream()
                        .anyMatch(hook -> hook.declaration().function().equals(function)));
    }

    /**
     * Tells whether every system call is reported: a monitor has them all, and its settings do not
     * choose.
     */
    boolean callsSeen() {
        List<RegionPlan.PlannedMonitor> planned = armed.region().plan().monitors();
        return armed.hooks().stream()
                .anyMatch(hook -> hook.declaration().kind() == HookDeclaration.Kind.CALL
                        && hook.declaration().function().equals("do_syscall_64")
                        && hook.monitor() < planned.size()
                        && planned.get(hook.monitor()).parameters().get("calls") == null);
    }
}
