// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.kernel.PatchSites;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.GuestWrite;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SealedPage;
import org.simvm.qmp.SimDevice;
import org.simvm.qmp.SimEvent;
import org.simvm.qmp.SimStatus;
import org.simvm.region.BootImage;
import org.simvm.region.BootValues;
import org.simvm.region.HookDeclaration;
import org.simvm.region.MonitorProgram;
import org.simvm.region.RegionException;
import org.simvm.region.RegionPlan;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out the steps of one boot's arming, and keeps what they found from one to the next.
 * Resuming the guest is left to the session, which knows what else may have happened to it.
 */
final class BootArming {
    private static final Logger log = LoggerFactory.getLogger(DomainArming.class);

    /** First function that runs a program, helpers of the kernel included ({@code fs/exec.c}). */
    private static final String HOOK_STOP = "kernel_execve";
    /** Runs the first program proper ({@code init/main.c}); the later ones where it was inlined. */
    private static final List<String> BASELINE_STOPS =
            List.of("run_init_process", "try_to_run_init_process", "rcu_end_inkernel_boot");

    private static final int PAGE = 4096;
    /**
     * From {@code enum system_states} of {@code include/linux/kernel.h}; the next one is
     * {@code SYSTEM_RUNNING}.
     */
    private static final int SYSTEM_FREEING_INITMEM = 2;

    private final String domain;
    private final SimDevice device;
    private final ArmingRequest request;
    private final SimStatus status;
    private final GuestMemory memory;
    private final PageTables tables;
    private final VirtualMemory virtual;
    private final long lstar;
    private final StepClock clock;

    private Kernel kernel;
    private HookFinder finder;
    private List<FoundHook> hooks;
    private long hookStop;
    private long baselineStop;
    private PageTables kernelTables;
    private GateSlot slot;
    private BootImage image;
    private List<PatchSite> patchable;
    private List<HookSite> sites;

    /** Begins with what the device says of the guest that stands at its boot stop. */
    BootArming(
            ArmingRequest request,
            SimDevice device,
            SimStatus status,
            GuestMemory memory,
            SimEvent.Boot boot,
            StepClock clock) {
        this.domain = request.domain();
        this.request = request;
        this.device = device;
        this.status = status;
        this.memory = memory;
        this.tables = PageTables.of(memory, boot.cr3(), boot.cr4());
        this.virtual = new VirtualMemory(tables);
        this.lstar = boot.lstar();
        this.clock = clock;
    }

    StepClock clock() {
        return clock;
    }

    long hookStop() {
        return hookStop;
    }

    long baselineStop() {
        return baselineStop;
    }

    /**
     * Resolves the kernel, finds all places, hides the hooks from ftrace and asks for the next
     * stop. The guest stands.
     */
    void atBootStop(KernelSource source)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException, QmpException,
                    InterruptedException {
        kernel = source.resolve(virtual, lstar);
        if (kernel.requireSymbol("entry_SYSCALL_64") != lstar) {
            throw new ArmingException(
                    ArmingFailure.Kind.KERNEL_UNRESOLVED,
                    String.format(
                            "entry_SYSCALL_64 is at 0x%x, but system calls enter at 0x%x: not "
                                    + "the kernel that runs",
                            kernel.requireSymbol("entry_SYSCALL_64"), lstar));
        }
        clock.lap("boot stop: resolve the kernel");
        finder = new HookFinder(kernel, virtual);
        hooks = finder.find(request.plan().monitors().stream()
                .map(RegionPlan.PlannedMonitor::program)
                .toList());
        hookStop = kernel.requireSymbol(HOOK_STOP);
        baselineStop = baselineSymbol();
        clock.lap("boot stop: find hooks");
        List<GuestWrite> hiding = FtraceRecords.hide(kernel, virtual, hooks);
        apply(false, hiding);
        device.setStop(hookStop);
        clock.lap("boot stop: hide hooks from ftrace");
        log.info(
                "{}: Linux {} at 0x{}, {} symbols, {} types; hooks at {}",
                domain,
                kernel.version(),
                Long.toHexString(kernel.text().start()),
                kernel.symbolCount(),
                kernel.typeCount(),
                hooks.stream().map(FoundHook::symbol).toList());
    }

    private long baselineSymbol() throws KernelUnresolvedException {
        for (String name : BASELINE_STOPS) {
            OptionalLong address = kernel.symbol(name);
            if (address.isPresent()) {
                return address.getAsLong();
            }
        }
        return kernel.requireSymbol(BASELINE_STOPS.get(0)); // throws, and says so
    }

    /** Fills in the region, while the guest runs. */
    void prepare()
            throws ArmingException, KernelUnresolvedException, GuestMemoryException,
                    RegionException {
        kernelTables = new PageTables(
                memory, virtual.physical(kernel.requireSymbol("init_top_pgt")), tables.levels());
        slot = GateSlot.find(kernelTables);
        RegionPlan plan = request.plan();
        List<MonitorProgram> programs = new ArrayList<>();
        programs.add(plan.core());
        plan.monitors().forEach(monitor -> programs.add(monitor.program()));
        List<BootValues.ArmedHook> table = hooks.stream()
                .map(hook -> new BootValues.ArmedHook(
                        hook.monitor(), hook.declaration(), hook.returnAddress()))
                .toList();
        image = request.region()
                .finalizeImage(
                        new BootValues(
                                tables.levels(),
                                GuestRam.ranges(status),
                                virtual.readLong(kernel.requireSymbol("page_offset_base")),
                                currentTaskOffset(),
                                new BootValues.KernelText(
                                        kernel.text().start(), kernel.text().end()),
                                slot.index(),
                                callTargets(),
                                table,
                                SlotValues.resolve(kernel, programs)),
                        status.lastBranchRecord());
        clock.lap("prepare: region");
        patchable = PatchSites.of(kernel, virtual);
        clock.lap("prepare: places that the kernel patches");
    }

    /** Where the redirected calls went; the gate has an entry for each, in this order. */
    private List<Long> callTargets() {
        return hooks.stream()
                .filter(hook -> hook.declaration().kind() == HookDeclaration.Kind.CALL)
                .map(FoundHook::function)
                .toList();
    }

    /** A per-CPU variable of its own, but from Linux 6.2 to 6.14 a member of {@code pcpu_hot}. */
    private int currentTaskOffset() throws KernelUnresolvedException {
        OptionalLong hot = kernel.symbol("pcpu_hot");
        if (hot.isPresent() && kernel.offset("pcpu_hot.current_task").isPresent()) {
            return (int) hot.getAsLong() + kernel.requireOffset("pcpu_hot.current_task");
        }
        return (int) kernel.requireSymbol("current_task");
    }

    /**
     * Writes gate mapping and hooks in one plan. The guest stands before its first program.
     *
     * @return whether the baseline is due at this very stop, because there will be no later one
     */
    boolean atHookStop(SimEvent.Stop stop)
            throws ArmingException, KernelUnresolvedException, GuestMemoryException, QmpException,
                    InterruptedException {
        slot.ensureEmpty(kernelTables);
        slot.ensureEmpty(PageTables.of(memory, stop.cr3(), stop.cr4()));
        List<GuestWrite> writes = new ArrayList<>();
        writes.add(new GuestWrite(
                slot.entryGpa(), new byte[Long.BYTES], littleEndian(image.gateEntry())));
        sites = new ArrayList<>();
        Iterator<Long> callEntries = image.callStubs().iterator();
        for (FoundHook hook : hooks) {
            byte[] before = finder.reread(hook);
            long entry = switch (hook.declaration().kind()) {
                case FENTRY -> image.fentryEntry();
                case CALL -> callEntries.next();
            };
            byte[] call = HookFinder.callInstruction(hook.address(), entry);
            writes.addAll(split(hook.gpa(), before, call));
            sites.add(new HookSite(
                    hook.monitor(),
                    hook.declaration(),
                    hook.symbol(),
                    hook.address(),
                    hook.gpa(),
                    before,
                    call));
        }
        clock.lap("hook stop: plan");
        apply(true, writes);
        // A kernel that runs no helper before init has entered the later stop's function, and made
        // its text
        // read-only.
        boolean late = Integer.compareUnsigned(
                        virtual.readInt(kernel.requireSymbol("system_state")),
                        SYSTEM_FREEING_INITMEM)
                > 0;
        if (!late) {
            device.setStop(baselineStop);
        }
        clock.lap("hook stop: apply " + writes.size() + " writes and map the gates");
        return late;
    }

    /** Shows the guest as it is armed now. */
    ArmedGuest guest() {
        return new ArmedGuest(
                kernel,
                memory,
                kernelTables,
                () -> device.query().vcpus(),
                lstar,
                request.region(),
                image,
                slot.entryGpa(),
                sites,
                patchable,
                clock.steps());
    }

    /** Seals the hooks; what else lies on their pages stays writable. */
    void seal() throws QmpException, InterruptedException {
        Map<Long, List<SealedPage.Range>> pages = new TreeMap<>();
        for (HookSite site : sites) {
            for (GuestWrite part : split(site.gpa(), site.call(), site.call())) {
                pages.computeIfAbsent(part.gpa() & -PAGE, page -> new ArrayList<>())
                        .add(new SealedPage.Range(
                                (int) (part.gpa() & (PAGE - 1)), part.data().length));
            }
        }
        if (!pages.isEmpty()) {
            device.seal(pages.entrySet().stream()
                    .map(page -> new SealedPage(page.getKey(), page.getValue()))
                    .toList());
        }
        clock.lap("baseline stop: seal " + pages.size() + " pages");
    }

    private void apply(boolean map, List<GuestWrite> writes)
            throws ArmingException, QmpException, InterruptedException {
        if (!map && writes.isEmpty()) {
            return;
        }
        try {
            device.apply(map, writes);
        } catch (QmpException.Refused e) {
            throw new ArmingException(
                    ArmingFailure.Kind.PLAN_REJECTED,
                    "the guest's memory is not as the plan expects, nothing was written: "
                            + e.description(),
                    e);
        }
    }

    /** Cuts a write at the page boundary it may cross. */
    private static List<GuestWrite> split(long gpa, byte[] expect, byte[] data) {
        int first = (int) Math.min(data.length, PAGE - (gpa & (PAGE - 1)));
        if (first == data.length) {
            return List.of(new GuestWrite(gpa, expect, data));
        }
        return List.of(
                new GuestWrite(gpa, Arrays.copyOf(expect, first), Arrays.copyOf(data, first)),
                new GuestWrite(
                        gpa + first,
                        Arrays.copyOfRange(expect, first, data.length),
                        Arrays.copyOfRange(data, first, data.length)));
    }

    private static byte[] littleEndian(long value) {
        byte[] bytes = new byte[Long.BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        return bytes;
    }
}
