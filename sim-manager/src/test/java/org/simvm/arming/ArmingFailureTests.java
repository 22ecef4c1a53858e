// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.arming.SyntheticMonitors.call;
import static org.simvm.arming.SyntheticMonitors.fentry;
import static org.simvm.arming.SyntheticMonitors.usual;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.qmp.SimDevice;
import org.simvm.region.HookDeclaration;

@DisplayName("A guest that can't be armed")
class ArmingFailureTests {
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

    private void boot(boolean required) throws Exception {
        bench.start(required);
        bench.expectState(ArmingState.WAITING);
        bench.qemu.boot();
    }

    @Test
    void takesNoMemoryOfAProcessThatDoesNotServeTheRegion() throws Exception {
        Process other = new ProcessBuilder("cat").start();
        try {
            bench(usual());
            bench.qemu.pretendToBe(other.pid());
            bench.start(true);
            ArmingFailure failure = bench.expectFailure();
            assertEquals(ArmingFailure.Kind.QEMU, failure.kind());
            assertTrue(
                    failure.reason()
                            .startsWith("who answers for QEMU says that it is process "
                                    + other.pid() + ", which does not have the region "),
                    failure.reason());
            assertFalse(bench.qemu.running());
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void namesEachHookThatHasNoPlaceAndLetsTheGuestRun() throws Exception {
        bench(List.of(fentry("plain_function", 9, 0, false)));
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.HOOK_SITE, failure.kind());
        assertEquals(ArmingState.RESOLVING, failure.reached());
        assertTrue(
                failure.reason()
                        .startsWith("monitor watcher finds no place for its hook 9"
                                + " in Linux 6.12.0-synthetic: "
                                + "plain_function does not begin with ftrace's place ("),
                failure.reason());
        assertTrue(failure.guestRuns());
        assertTrue(bench.qemu.running());
        bench.expectState(ArmingState.FAILED);
        assertEquals(
                List.of("sim-clear-stop", "cont"), bench.qemu.commands(), "nothing was written");
    }

    @Test
    void armsNoKernelButThoseOfTheDomain() throws Exception {
        bench(usual()).allow("fedcba9876543210", "89abcdef01234567");
        boot(true);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.OTHER_KERNEL, failure.kind());
        assertEquals(
                "the guest boots Linux 6.12.0-synthetic (build ID 0123456789abcdef), which is no"
                        + " <sim:kernel> of the domain; boot one of those, or add this one",
                failure.reason());
        assertFalse(bench.qemu.running());
    }

    @Test
    void armsAKernelOfTheDomain() throws Exception {
        bench(usual()).allow("fedcba9876543210", "0123456789abcdef");
        boot(true);
        bench.expectState(ArmingState.ARMED);
    }

    @Test
    void refusesACallThatIsThereTwice() throws Exception {
        bench(List.of(call("calls_twice", "plain_function", 1)));
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertTrue(
                failure.reason().endsWith("calls_twice has 2 places that call plain_function"),
                failure.reason());
    }

    @Test
    void refusesTwoHooksOfOnePlace() throws Exception {
        bench(List.of(fentry("do_exit", 1, 0, false), fentry("do_exit", 2, 0, false)));
        boot(false);
        assertTrue(bench.expectFailure().reason().contains("both hook do_exit"));
    }

    @Test
    void keepsAGuestStandingThatMustNotRunUnarmed() throws Exception {
        bench(List.of(fentry("vanished", 1, 0, false)));
        boot(true);
        ArmingFailure failure = bench.expectFailure();
        assertFalse(failure.guestRuns());
        assertFalse(bench.qemu.running());
    }

    @Test
    void saysWhyTheKernelCouldNotBeResolved() throws Exception {
        bench(usual()).start(false, (memory, lstar) -> {
            throw new KernelUnresolvedException(KernelUnresolvedException.Step.TYPES, "no BTF");
        });
        bench.expectState(ArmingState.WAITING);
        bench.qemu.boot();
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.KERNEL_UNRESOLVED, failure.kind());
        assertEquals("no BTF", failure.reason());
        assertTrue(failure.guestRuns());
    }

    @Test
    void reportsAMissingStructureAfterTheGuestWentOnAndTakesTheStopBack() throws Exception {
        bench(usual(), "offset:task_struct.vanished");
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.KERNEL_UNRESOLVED, failure.kind());
        assertTrue(failure.guestRuns());
        assertTrue(bench.qemu.running());
        assertTrue(bench.qemu.commands().contains("sim-clear-stop"));
        assertEquals(0, bench.guest.gateSlot(509));
    }

    @Test
    void refusesAKernelWithoutRoomForTheGates() throws Exception {
        bench(usual()).start(false, (memory, lstar) -> {
            bench.guest.putGateSlot(508, 0x67);
            bench.guest.putGateSlot(509, 0x67);
            return bench.guest.kernel();
        });
        bench.expectState(ArmingState.WAITING);
        bench.qemu.boot();
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.GATE_MAPPING, failure.kind());
        assertTrue(
                failure.reason().contains("slot 509 holds 0x67 slot 508 holds 0x67"),
                failure.reason());
    }

    @Test
    void refusesAHookThatTheKernelPatchedWhileItStarted() throws Exception {
        bench(usual());
        bench.qemu.whileStarting(() -> bench.guest.writeVirtual(
                bench.guest.address("begin_new_exec"), new byte[] {(byte) 0xcc, 1, 2, 3, 4}));
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.HOOK_SITE, failure.kind());
        assertEquals(
                "begin_new_exec no longer is what it was when the kernel started (cc01020304):"
                        + " a kernel feature patches it",
                failure.reason());
        assertEquals(0, bench.guest.gateSlot(509));
        assertTrue(bench.qemu.running());
    }

    @Test
    void refusesAKernelThatWouldLetAHookBeProbed() throws Exception {
        bench(usual());
        long quiet = bench.guest.address("with_jump_label");
        bench.qemu.whileStarting(() ->
                bench.guest.unprobed(List.of(quiet, quiet + 8, quiet + 8, quiet + 16, 1L, 2L)));
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.HOOK_SITE, failure.kind());
        assertEquals(
                "Linux 6.12.0-synthetic would let a kprobe be set on begin_new_exec: its"
                        + " kprobe_blacklist has 3 entries, and too few of them adjoin",
                failure.reason());
        assertEquals(0, bench.guest.gateSlot(509));
    }

    @Test
    void refusesAListWithoutEndOfPlacesThatGetNoKprobe() throws Exception {
        bench(usual());
        bench.qemu.whileStarting(() ->
                bench.guest.putLong(bench.guest.unprobedEntry(4), bench.guest.unprobedEntry(0)));
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.GUEST_MEMORY, failure.kind());
        assertEquals(0, bench.guest.gateSlot(509));
    }

    @Test
    void writesNothingIfOneExpectationFails() throws Exception {
        bench(usual());
        bench.qemu.beforeMapping(() -> bench.guest.writeVirtual(
                bench.guest.address("begin_new_exec"), new byte[] {(byte) 0xcc}));
        boot(false);
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.PLAN_REJECTED, failure.kind());
        assertEquals(0, bench.guest.gateSlot(509));
        assertEquals(0, bench.qemu.timesMapped());
        byte[] untouched = bench.guest.readVirtual(bench.guest.address("wake_up_new_task") + 4, 5);
        assertArrayEquals(
                HookFinder.callInstruction(
                        bench.guest.address("wake_up_new_task") + 4,
                        bench.guest.address("__fentry__")),
                untouched);
        assertTrue(bench.qemu.running());
    }

    @Test
    void reportsABaselineThatCouldNotBeRecorded() throws Exception {
        bench(usual()).atBaseline(standing -> {
            throw new IOException("No space left on device");
        });
        boot(true);
        bench.expect("mapped");
        bench.expect("baseline");
        ArmingFailure failure = bench.expectFailure();
        assertEquals(ArmingFailure.Kind.BASELINE, failure.kind());
        assertEquals(
                "the baseline could not be recorded: No space left on device", failure.reason());
        assertFalse(bench.qemu.running());
    }

    @Test
    void saysThatNoQemuCame() throws Exception {
        bench(usual())
                .startWith(request -> SimDevice.connect(request.qmpSocket(), request.timeout()));
        assertEquals(ArmingFailure.Kind.QEMU, bench.expectFailure().kind());
        bench.expect("gone");
        bench.expectState(ArmingState.GONE);
    }
}
