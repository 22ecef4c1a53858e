// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.arming.SyntheticMonitors.fentry;
import static org.simvm.arming.SyntheticMonitors.usual;

import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.region.HookDeclaration;

@DisplayName("Arming a guest")
class ArmedGuestTests {
    @TempDir
    Path directory;

    private ArmingBench bench;

    @AfterEach
    void close() throws Exception {
        bench.close();
    }

    private ArmingBench bench(List<HookDeclaration> hooks, String... slots) throws Exception {
        bench = new ArmingBench(directory, hooks, slots);
        return bench;
    }

    @Test
    void redirectsEachHookIntoTheGate() throws Exception {
        ArmedGuest armed = bench(usual()).arm();
        assertEquals(3, armed.hooks().size());
        for (HookSite hook : armed.hooks()) {
            byte[] now = bench.guest.readVirtual(hook.address(), 5);
            assertArrayEquals(hook.call(), now);
            long gate = armed.image().gateVirtualBase()
                    + armed.image().gatePages()
                    - armed.image().gateFrame();
            long target = hook.returnAddress()
                    + ((now[1] & 0xff)
                            | (now[2] & 0xff) << 8
                            | (now[3] & 0xff) << 16
                            | now[4] << 24);
            assertTrue(
                    target >= gate && target < gate + 4096,
                    hook + " calls " + Long.toHexString(target));
        }
        assertEquals(
                List.of(
                        "wake_up_new_task+0x4",
                        "begin_new_exec",
                        "entry_SYSCALL_64_after_hwframe+0x47"),
                armed.hooks().stream().map(HookSite::symbol).toList());
    }

    @Test
    void knowsCallsByTheirReturnAddress() throws Exception {
        assertFalse(bench(usual()).arm().region().readsLastBranch());
    }

    @Test
    void knowsCallsByTheLastBranchWhereQemuKeepsARecord() throws Exception {
        bench(usual()).qemu.keepLastBranch();
        assertTrue(bench.arm().region().readsLastBranch());
    }

    @Test
    void mapsTheGatesByOneEntryThatNobodyCanWriteThrough() throws Exception {
        ArmedGuest armed = bench(usual()).arm();
        long entry = bench.guest.gateSlot(509);
        assertEquals(armed.image().gateEntry(), entry);
        assertEquals(armed.image().gateFrame(), entry & 0x000f_ffff_c000_0000L);
        assertEquals(
                0xa1,
                entry & 0x80000000000001bfL & ~0x100,
                "present, accessed, large; read-only, supervisor, executable");
        assertEquals(SyntheticGuest.LEVEL3_KERNEL_PGT + 509 * 8, armed.gateEntryGpa());
    }

    @Test
    void keepsFtraceOffHookedFunctionsOnly() throws Exception {
        bench(usual()).arm();
        long table = bench.guest.address("__start_mcount_loc");
        assertEquals(0, bench.guest.getLong(table));
        assertEquals(0, bench.guest.getLong(table + 8));
        assertEquals(bench.guest.address("do_exit") + 4, bench.guest.getLong(table + 16));
        assertArrayEquals(
                SyntheticGuest.NOP5,
                bench.guest.readVirtual(bench.guest.address("do_exit") + 4, 5));
    }

    @Test
    void letsTheKernelRefuseKprobesOnHooksAndWhereItDidBefore() throws Exception {
        bench(usual()).arm();
        long entry = bench.guest.address("entry_SYSCALL_64_after_hwframe");
        long quiet = bench.guest.address("with_jump_label");
        long fork = bench.guest.address("wake_up_new_task") + 4;
        long exec = bench.guest.address("begin_new_exec");
        List<Long> bounds = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            bounds.add(bench.guest.getLong(bench.guest.unprobedEntry(i) + 16));
            bounds.add(bench.guest.getLong(bench.guest.unprobedEntry(i) + 24));
        }
        assertEquals(
                List.of(
                        entry,
                        entry + 0x100, // holds a hook
                        quiet,
                        quiet + 0x20,
                        fork,
                        fork + 5,
                        quiet + 0x20,
                        quiet + 0x50,
                        exec,
                        exec + 5),
                bounds);
    }

    @Test
    void armsAKernelThatHasNoKprobes() throws Exception {
        bench(usual());
        bench.guest.forget("kprobe_table");
        bench.arm();
        bench.expectState(ArmingState.ARMED);
    }

    @Test
    void recordsTheBaselineWhileTheGuestStandsAndThenSealsTheHooks() throws Exception {
        bench(usual()).atBaseline(standing -> {
            assertFalse(bench.qemu.running());
            assertEquals(List.of(), bench.qemu.sealed());
            assertEquals("mapped", bench.qemu.state());
        });
        ArmedGuest armed = bench.arm();
        assertTrue(bench.qemu.running());
        assertEquals(
                armed.hooks().stream()
                        .map(hook -> Long.toHexString(hook.gpa()) + "+5")
                        .sorted()
                        .toList(),
                bench.qemu.sealed().stream().sorted().toList());
        assertEquals(
                List.of(
                        "sim-apply",
                        "sim-set-stop",
                        "cont",
                        "sim-apply",
                        "sim-set-stop",
                        "cont",
                        "sim-seal",
                        "cont"),
                bench.qemu.commands());
        bench.expectState(ArmingState.ARMED);
    }

    @Test
    void saysHowLongTheGuestStoodAtEachStep() throws Exception {
        bench(usual()).start(false, (memory, lstar) -> {
            bench.advance(Duration.ofMillis(7));
            return bench.guest.kernel();
        });
        ArmedGuest armed = bench.bootAndArm();
        assertEquals(7, armed.pausedMilliseconds());
        List<String> paused = armed.steps().stream()
                .filter(StepTime::guestPaused)
                .map(StepTime::step)
                .toList();
        for (String stop : List.of("boot stop: ", "hook stop: ", "baseline stop: ")) {
            assertTrue(paused.stream().anyMatch(step -> step.startsWith(stop)), paused.toString());
        }
        assertTrue(armed.steps().stream()
                .anyMatch(step -> !step.guestPaused() && step.step().startsWith("prepare: ")));
        assertTrue(armed.steps().stream().allMatch(step -> step.milliseconds() >= 0));
    }

    @Test
    void leavesOutOptionalHooksAndTakesTheFirstAlternativeThatFits() throws Exception {
        ArmedGuest armed = bench(List.of(
                        fentry("vanished", 1, 7, false),
                        fentry("do_exit", 2, 7, false),
                        fentry("wake_up_new_task", 3, 7, false),
                        fentry("also_vanished", 4, 0, true)))
                .arm();
        assertEquals(
                List.of("do_exit+0x4"),
                armed.hooks().stream().map(HookSite::symbol).toList());
    }

    @Test
    void fillsSlotsWithAlternativesAndMissingValues() throws Exception {
        ArmedGuest armed = bench(
                        usual(),
                        "config",
                        "symbol:gone|init_task",
                        "symbol?:gone",
                        "offset?:gone.x",
                        "offset:gone.x|task_struct.pid",
                        "size:task_struct",
                        "size?:gone")
                .arm();
        var constants = armed.image().layout().segments().stream()
                .filter(segment -> segment.name().startsWith("watcher")
                        && segment.access().toString().equals("r--"))
                .findFirst()
                .orElseThrow();
        var bytes = bench.region.read(constants, 0, 64).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(bench.guest.address("init_task"), bytes.getLong(8));
        assertEquals(0, bytes.getLong(16));
        assertEquals(-1, bytes.getLong(24));
        assertEquals(SyntheticGuest.PID, bytes.getLong(32));
        assertEquals(4096, bytes.getLong(40));
        assertEquals(-1, bytes.getLong(48));
    }

    @Test
    void usesTheOtherSlotOfTheKernelsTableIfOneIsTaken() throws Exception {
        bench(usual());
        bench.start(false, (memory, lstar) -> {
            bench.guest.putGateSlot(509, 0x1234067);
            return bench.guest.kernel();
        });
        bench.expectState(ArmingState.WAITING);
        bench.qemu.boot();
        bench.expect("mapped");
        bench.expect("baseline");
        bench.expect("armed");
        assertEquals(bench.armed().image().gateEntry(), bench.guest.gateSlot(508));
        assertEquals(0xffffffff00000000L, bench.armed().image().gateVirtualBase());
    }

    @Test
    void armsAGuestWithoutMonitorsToo() throws Exception {
        ArmedGuest armed = bench(List.of()).arm();
        assertEquals(List.of(), armed.hooks());
        assertNotEquals(0, bench.guest.gateSlot(509));
    }

    @Test
    void listsThePlacesThatTheKernelPatchesItself() throws Exception {
        ArmedGuest armed = bench(usual()).arm();
        List<Long> starts = armed.patchable().stream().map(PatchSite::address).toList();
        assertEquals(
                List.of(
                        bench.guest.address("plain_function") + SyntheticGuest.LOCK_PREFIX,
                        bench.guest.address("with_jump_label") + 8,
                        bench.guest.address("do_exit") + 4,
                        bench.guest.address("static_caller") + 8),
                starts,
                "the hooked functions are not among them");
    }

    @Test
    void takesTheBaselineAtOnceIfTheFirstProgramIsTheLastStop() throws Exception {
        bench(usual());
        bench.start(false, (memory, lstar) -> {
            bench.guest.putInt(bench.guest.address("system_state"), 3);
            return bench.guest.kernel();
        });
        bench.expectState(ArmingState.WAITING);
        bench.qemu.boot();
        bench.expect("mapped");
        bench.expect("baseline");
        bench.expect("armed");
        assertEquals(
                List.of("sim-apply", "sim-set-stop", "cont", "sim-apply", "sim-seal", "cont"),
                bench.qemu.commands());
    }

    @Test
    void armsAGuestWhoseBootStopCameBeforeTheManager() throws Exception {
        bench(usual()).qemu.bootUnseen();
        bench.start(false);
        bench.expect("mapped");
        bench.expect("baseline");
        bench.expect("armed");
    }
}
