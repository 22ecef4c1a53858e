// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.arming.SyntheticMonitors.usual;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.region.HookDeclaration;

@DisplayName("An arming session")
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
        bench.expectState(ArmingState.WAITING);
        bench.qemu.boot();
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
            boolean[] once = new boolean[1];
            bench(usual()).start(true, (memory, lstar) -> {
                if (!once[0]) {
                    once[0] = true;
                    bench.qemu.reset();
                }
                return bench.guest.kernel();
            });
            bench.expectState(ArmingState.WAITING);
            bench.qemu.boot();
            bench.expect("reset"); // no failure: it was nobody's fault
            bench.expectState(ArmingState.WAITING);
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
            bench.expectState(ArmingState.WAITING);
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
            bench.expectState(ArmingState.WAITING);
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
                bench.qemu.die();
                return bench.guest.kernel();
            });
            bench.expectState(ArmingState.WAITING);
            bench.qemu.boot();
            bench.expect("gone");
            bench.expectState(ArmingState.GONE);
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
            bench.expectState(ArmingState.WAITING);
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
            bench.expectState(ArmingState.MAPPED);
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
            bench.expectState(ArmingState.WAITING);
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
            bench.expectState(ArmingState.WAITING);
            bench.qemu.boot();
            bench.expectFailure();
            assertEquals(false, bench.qemu.running());
            broken[0] = false;
            bench.qemu.reset();
            bench.expect("reset");
            assertTrue(bench.qemu.running(), "a guest that was held goes on when it is reset");
        }
    }
}
