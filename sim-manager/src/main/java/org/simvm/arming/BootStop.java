// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimEvent;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionPlan;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guest is paused after its first write of {@code MSR_LSTAR}.
 *
 * @param event what the device said of it
 */
record BootStop(SimEvent.Boot event) implements BootPhase {
    private static final Logger log = LoggerFactory.getLogger(BootStop.class);

    /** First function that runs a program, helpers of the kernel included ({@code fs/exec.c}). */
    private static final String HOOK_STOP = "kernel_execve";
    /** Runs the first program proper ({@code init/main.c}); the later ones where it was inlined. */
    private static final List<String> BASELINE_STOPS =
            List.of("run_init_process", "try_to_run_init_process", "rcu_end_inkernel_boot");

    @Override
    public ArmingState state() {
        return ArmingState.RESOLVING;
    }

    /**
     * Maps guest RAM, resolves the kernel, finds the site of each hook, hides the hooks from ftrace
     * and asks for the hook stop.
     */
    Located locate(BootContext context, KernelSource kernels)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException, QmpException,
                    InterruptedException {
        StepClock clock = context.clock();
        GuestConnection guest = context.guest();
        SimStatus status = guest.status();
        GuestMemory memory = guest.memory(status);
        clock.lap("boot stop: map guest RAM");
        PageTables tables = PageTables.of(memory, event.cr3(), event.cr4());
        VirtualMemory virtual = new VirtualMemory(tables);
        Kernel kernel = resolve(kernels, virtual);
        requireAllowed(kernel, context.request().kernels());
        clock.lap("boot stop: resolve the kernel");
        HookFinder finder = new HookFinder(kernel, virtual);
        List<FoundHook> hooks = finder.find(context.request().plan().monitors().stream()
                .map(RegionPlan.PlannedMonitor::program)
                .toList());
        long hookStop = kernel.requireSymbol(HOOK_STOP);
        long baselineStop = baselineStop(kernel);
        clock.lap("boot stop: find hooks");
        guest.apply(false, FtraceRecords.hide(kernel, virtual, hooks));
        guest.device().setStop(hookStop);
        clock.lap("boot stop: hide hooks from ftrace");
        log.info(
                "{}: Linux {} at 0x{}, {} symbols, {} types; hooks at {}",
                context.domain(),
                kernel.version(),
                Long.toHexString(kernel.text().start()),
                kernel.symbolCount(),
                kernel.typeCount(),
                hooks.stream().map(FoundHook::symbol).toList());
        return new Located(
                status,
                memory,
                tables.levels(),
                virtual,
                kernel,
                event.lstar(),
                finder,
                hooks,
                baselineStop);
    }

    private Kernel resolve(KernelSource kernels, VirtualMemory virtual)
            throws ArmingException, KernelUnresolvedException {
        Kernel kernel = kernels.resolve(virtual, event.lstar());
        long entry = kernel.requireSymbol("entry_SYSCALL_64");
        if (entry != event.lstar()) {
            throw new ArmingException(
                    ArmingFailure.Kind.KERNEL_UNRESOLVED,
                    String.format(
                            "entry_SYSCALL_64 is at 0x%x, but system calls enter at 0x%x: not "
                                    + "the kernel that runs",
                            entry, event.lstar()));
        }
        return kernel;
    }

    /**
     * The build ID is the guest's own word: this finds a mistake or an update, no forged kernel.
     */
    private static void requireAllowed(Kernel kernel, Set<String> allowed) throws ArmingException {
        if (!allowed.isEmpty() && kernel.buildId().filter(allowed::contains).isEmpty()) {
            throw new ArmingException(
                    ArmingFailure.Kind.OTHER_KERNEL,
                    "the guest boots Linux " + kernel.version() + " (build ID "
                            + kernel.buildId().orElse("unknown")
                            + "), which is no <sim:kernel> of the domain; boot one of those, or add"
                            + " this one");
        }
    }

    private static long baselineStop(Kernel kernel) throws KernelUnresolvedException {
        for (String name : BASELINE_STOPS) {
            OptionalLong address = kernel.symbol(name);
            if (address.isPresent()) {
                return address.getAsLong();
            }
        }
        return kernel.requireSymbol(BASELINE_STOPS.get(0)); // throws, and says so
    }
}
