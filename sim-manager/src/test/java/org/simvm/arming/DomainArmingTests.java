// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.arming.SyntheticMonitors.call;
import static org.simvm.arming.SyntheticMonitors.fentry;
import static org.simvm.arming.SyntheticMonitors.usual;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.region.HookDeclaration;

@DisplayName("Arming a guest")
@Timeout(60)
class DomainArmingTests {
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
        bench.awaitState(ArmingState.WAITING);
        bench.qemu.boot();
    }

    @Nested
    @DisplayName("when all goes well")
    class Success {
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
                        + (now[1] & 0xff
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
            bench.awaitState(ArmingState.ARMED);
        }

        @Test
        void saysHowLongTheGuestStoodAtEachStep() throws Exception {
            ArmedGuest armed = bench(usual()).arm();
            assertTrue(armed.pausedMilliseconds() > 0);
            List<String> paused = armed.steps().stream()
                    .filter(StepTime::guestPaused)
                    .map(StepTime::step)
                    .toList();
            for (String stop : List.of("boot stop: ", "hook stop: ", "baseline stop: ")) {
                assertTrue(
                        paused.stream().anyMatch(step -> step.startsWith(stop)), paused.toString());
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
            bench.awaitState(ArmingState.WAITING);
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
            List<Long> starts =
                    armed.patchable().stream().map(PatchSite::address).toList();
            assertEquals(
                    List.of(
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
            bench.awaitState(ArmingState.WAITING);
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

    @Nested
    @DisplayName("when the guest can't be armed")
    class Failure {
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
            bench.awaitState(ArmingState.FAILED);
            assertEquals(
                    List.of("sim-clear-stop", "cont"),
                    bench.qemu.commands(),
                    "nothing was written");
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
            bench.awaitState(ArmingState.WAITING);
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
            bench.awaitState(ArmingState.WAITING);
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
        void writesNothingIfOneExpectationFails() throws Exception {
            bench(usual());
            bench.qemu.beforeMapping(() -> bench.guest.writeVirtual(
                    bench.guest.address("begin_new_exec"), new byte[] {(byte) 0xcc}));
            boot(false);
            ArmingFailure failure = bench.expectFailure();
            assertEquals(ArmingFailure.Kind.PLAN_REJECTED, failure.kind());
            assertEquals(0, bench.guest.gateSlot(509));
            assertEquals(0, bench.qemu.timesMapped());
            byte[] untouched =
                    bench.guest.readVirtual(bench.guest.address("wake_up_new_task") + 4, 5);
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
                    "the baseline could not be recorded: No space left on device",
                    failure.reason());
            assertFalse(bench.qemu.running());
        }

        @Test
        void saysThatNoQemuCame() throws Exception {
            bench(usual());
            bench.qemu.die();
            Files.delete(directory.resolve("qmp.sock"));
            DomainArming session = DomainArming.start(
                    new ArmingRequest(
                            "absent",
                            directory.resolve("qmp.sock"),
                            Duration.ofMillis(50),
                            bench.region,
                            bench.plan,
                            true),
                    bench,
                    (memory, lstar) -> null);
            assertEquals(ArmingFailure.Kind.QEMU, bench.expectFailure().kind());
            bench.expect("gone");
            assertEquals(ArmingState.GONE, session.state());
        }
    }

    @Nested
    @DisplayName("when the guest is reset or ends")
    class Interruption {
        @Test
        void armsEachBootAnewWithAnotherLayout() throws Exception {
            ArmedGuest first = bench(usual()).arm();
            bench.qemu.reset();
            bench.expect("reset");
            bench.qemu.boot();
            bench.expect("mapped");
            bench.expect("baseline");
            bench.expect("armed");
            ArmedGuest second = bench.armed();
            assertNotEquals(first.image().simCr3(), second.image().simCr3());
            assertNotEquals(first.image().gatePages(), second.image().gatePages());
            assertEquals(second.image().gateEntry(), bench.guest.gateSlot(509));
            assertEquals(2, bench.qemu.timesMapped());
        }

        @Test
        void abandonsABootThatIsResetWhileItsKernelIsResolved() throws Exception {
            CountDownLatch resolving = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            bench(usual()).start(true, (memory, lstar) -> {
                resolving.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return bench.guest.kernel();
            });
            bench.awaitState(ArmingState.WAITING);
            bench.qemu.boot();
            resolving.await();
            bench.qemu.reset();
            goOn.countDown();
            bench.expect("reset"); // no failure: it was nobody's fault
            bench.awaitState(ArmingState.WAITING);
            for (int i = 0; i < 200 && !bench.qemu.running(); i++) {
                Thread.sleep(5);
            }
            assertTrue(
                    bench.qemu.running(), "a guest that was reset while it stood for us goes on");
            bench.qemu.boot();
            bench.expect("mapped");
            bench.expect("baseline");
            bench.expect("armed");
            assertEquals(1, bench.qemu.timesMapped());
        }

        @Test
        void abandonsABootThatIsResetAtItsBaseline() throws Exception {
            boolean[] once = new boolean[1];
            bench(usual()).atBaseline(standing -> {
                if (!once[0]) {
                    once[0] = true;
                    bench.qemu.reset();
                }
            });
            boot(false);
            bench.expect("mapped");
            bench.expect("baseline");
            bench.expect("reset");
            bench.awaitState(ArmingState.WAITING);
            assertEquals(0, bench.guest.gateSlot(509));
            bench.qemu.boot();
            bench.expect("mapped");
            bench.expect("baseline");
            bench.expect("armed");
        }

        @Test
        void startsAgainAfterABootThatFailed() throws Exception {
            boolean[] broken = {true};
            bench(usual()).start(false, (memory, lstar) -> {
                if (broken[0]) {
                    throw new KernelUnresolvedException(
                            KernelUnresolvedException.Step.SYMBOLS, "no kallsyms");
                }
                return bench.guest.kernel();
            });
            bench.awaitState(ArmingState.WAITING);
            bench.qemu.boot();
            bench.expectFailure();
            broken[0] = false;
            bench.qemu.reset();
            bench.expect("reset");
            bench.qemu.boot();
            bench.expect("mapped");
            bench.expect("baseline");
            bench.expect("armed");
        }

        @Test
        void endsCleanlyIfQemuDiesWhileTheGuestIsArmed() throws Exception {
            bench(usual()).start(true, (memory, lstar) -> {
                try {
                    bench.qemu.die();
                    Thread.sleep(100);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                return bench.guest.kernel();
            });
            bench.awaitState(ArmingState.WAITING);
            bench.qemu.boot();
            bench.expect("gone");
            bench.awaitState(ArmingState.GONE);
            assertTrue(bench.silent());
        }

        @Test
        void givesGuestMemoryBackWhenQemuIsGone() throws Exception {
            ArmedGuest armed = bench(usual()).arm();
            bench.qemu.die();
            bench.expect("gone");
            assertThrows(GuestMemoryException.class, () -> armed.memory().readLong(0x1000));
        }
    }

    @Nested
    @DisplayName("when the guest breaks rules")
    class Violations {
        @Test
        void asksForThoseThatTheEventsLeaveOut() throws Exception {
            bench(usual()).arm();
            bench.qemu.violate(1);
            bench.expect("violation 1");
            bench.qemu.violate(3);
            bench.expect("violation 2");
            bench.expect("violation 3");
            bench.expect("violation 4");
            bench.qemu.violate(1);
            bench.expect("violation 5");
            assertTrue(bench.silent());
        }

        @Test
        void saysHowManyCameFasterThanTheyAreKept() throws Exception {
            bench(usual()).arm();
            bench.qemu.violate(1030);
            bench.expect("lost 6");
            for (int sequence = 7; sequence <= 1030; sequence++) {
                bench.expect("violation " + sequence);
            }
        }

        @Test
        void catchesUpOnThoseThatHappenedBeforeItWasThere() throws Exception {
            bench(usual()).qemu.violateUnseen(5);
            bench.adopt(true, new EarlierSession(3, false));
            bench.expect("violation 4");
            bench.expect("violation 5");
            bench.awaitState(ArmingState.WAITING);
            assertTrue(bench.silent());
        }
    }

    @Nested
    @DisplayName("when an earlier manager ended")
    class TakingUp {
        @Test
        void goesOnWithAGuestThatIsArmed() throws Exception {
            bench(usual()).qemu.alreadyMapped();
            bench.adopt(true, new EarlierSession(0, true));
            bench.expect("mapped");
            bench.awaitState(ArmingState.MAPPED);
            assertTrue(bench.qemu.running());
            assertEquals(List.of(), bench.qemu.commands());
            assertTrue(bench.silent());
        }

        @Test
        void letsAGuestGoThatStandsAtAStopOfTheEarlierOnes() throws Exception {
            bench(usual()).qemu.alreadyStanding("preparing");
            bench.adopt(false, EarlierSession.NONE);
            assertTrue(bench.expectFailure().reason().contains("reset the guest"));
            assertTrue(bench.qemu.running());
        }

        @Test
        void resetsAGuestThatRequiresSimAndWasNotArmedToTheEnd() throws Exception {
            bench(usual()).qemu.alreadyStanding("preparing");
            bench.adopt(true, EarlierSession.NONE);
            bench.expect("reset");
            for (int i = 0; i < 200 && !bench.qemu.running(); i++) {
                Thread.sleep(5);
            }
            assertTrue(bench.qemu.running(), "it goes on");
            bench.qemu.boot();
            bench.expect("mapped");
            bench.expect("baseline");
            bench.expect("armed");
        }

        @Test
        void resetsOneThatWasMappedButHasNoBaselineToo() throws Exception {
            bench(usual()).qemu.alreadyMapped();
            bench.adopt(true, EarlierSession.NONE);
            bench.expect("mapped");
            bench.expect("reset");
            bench.awaitState(ArmingState.WAITING);
        }

        @Test
        void armsAGuestThatIsResetWhileItIsHeld() throws Exception {
            boolean[] broken = {true};
            bench(usual()).start(true, (memory, lstar) -> {
                if (broken[0]) {
                    throw new KernelUnresolvedException(
                            KernelUnresolvedException.Step.SYMBOLS, "no kallsyms");
                }
                return bench.guest.kernel();
            });
            bench.awaitState(ArmingState.WAITING);
            bench.qemu.boot();
            bench.expectFailure();
            assertEquals(false, bench.qemu.running());
            broken[0] = false;
            bench.qemu.reset();
            bench.expect("reset");
            for (int i = 0; i < 200 && !bench.qemu.running(); i++) {
                Thread.sleep(5);
            }
            assertTrue(bench.qemu.running(), "a guest that was held goes on when it is reset");
        }
    }
}
