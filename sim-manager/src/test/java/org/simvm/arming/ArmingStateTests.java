// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.qmp.SimDevice;

/** Walks the state machine of {@code docs/architecture.md}, one transition after the other. */
@DisplayName("The states of a guest's arming")
class ArmingStateTests {
    @TempDir
    Path directory;

    private final Set<String> walked = new TreeSet<>();
    private int scenes;

    /** Where something happens to a boot; each in the state that is named. */
    private enum Point {
        CONNECTED(ArmingState.WAITING),
        KERNEL_IS_RESOLVED(ArmingState.RESOLVING),
        BEFORE_HOOK_STOP(ArmingState.PREPARING),
        PLAN_IS_APPLIED(ArmingState.PREPARING),
        BEFORE_BASELINE_STOP(ArmingState.MAPPED),
        BASELINE_IS_RECORDED(ArmingState.MAPPED),
        ARMED(ArmingState.ARMED),
        FAILED(ArmingState.FAILED);

        private final ArmingState state;

        Point(ArmingState state) {
            this.state = state;
        }
    }

    @FunctionalInterface
    private interface Event {
        void happen(ArmingBench bench) throws Exception;
    }

    /** Leads one boot through all points, and has something happen at one of them. */
    private final class Scene implements AutoCloseable {
        private final ArmingBench bench;
        private final Point point;
        private final Event event;
        private boolean happened;

        Scene(Point point, Event event) throws Exception {
            this.point = point;
            this.event = event;
            bench = new ArmingBench(
                    Files.createDirectory(directory.resolve("scene" + scenes++)),
                    SyntheticMonitors.usual());
        }

        private void at(Point here) {
            if (here == point && !happened) {
                happened = true;
                assertEquals(point.state, bench.state());
                try {
                    event.happen(bench);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        void play(boolean required) {
            bench.qemu.beforeMapping(() -> at(Point.PLAN_IS_APPLIED));
            bench.atBaseline(guest -> at(Point.BASELINE_IS_RECORDED));
            bench.start(required, (memory, lstar) -> {
                if (point == Point.FAILED && !happened) {
                    throw new KernelUnresolvedException(
                            KernelUnresolvedException.Step.SYMBOLS, "no kallsyms");
                }
                at(Point.KERNEL_IS_RESOLVED);
                return bench.guest.kernel();
            });
            bench.worker.runAll();
            at(Point.CONNECTED);
            bench.qemu.boot();
            bench.worker.runAll();
            at(Point.FAILED);
            at(Point.BEFORE_HOOK_STOP);
            bench.vcpu.runNext();
            bench.worker.runAll();
            at(Point.BEFORE_BASELINE_STOP);
            bench.settle();
            at(Point.ARMED);
            bench.settle();
        }

        @Override
        public void close() throws IOException {
            walked.addAll(bench.transitions);
            bench.close();
        }
    }

    @TestFactory
    @DisplayName("each is left by a reset and by the end of QEMU")
    Stream<DynamicTest> interruptions() {
        List<DynamicTest> tests = new ArrayList<>();
        for (boolean required : new boolean[] {true, false}) {
            for (Point point : Point.values()) {
                String where = point + (required ? ", SIM required" : ", SIM not required");
                tests.add(DynamicTest.dynamicTest(
                        "reset: " + where, () -> isArmedAfterAReset(point, required)));
                tests.add(DynamicTest.dynamicTest(
                        "QEMU ends: " + where, () -> endsWithQemu(point, required)));
            }
        }
        return tests.stream();
    }

    private void isArmedAfterAReset(Point point, boolean required) throws Exception {
        try (Scene scene = new Scene(point, bench -> {
            bench.qemu.reset();
            bench.qemu.reset(); // a second one before the first is dealt with
        })) {
            scene.play(required);
            ArmingBench bench = scene.bench;
            if (point == Point.CONNECTED) { // the boot that follows in the scene is a new one
                assertEquals(
                        List.of("reset", "reset", "mapped", "baseline", "armed"), bench.heard());
                return;
            }
            assertEquals(ArmingState.WAITING, bench.state());
            List<String> heard = bench.heard();
            assertEquals(
                    point == Point.FAILED, heard.contains("failed"), "nobody's fault: " + heard);
            assertEquals(List.of("reset", "reset"), heard.subList(heard.size() - 2, heard.size()));
            assertTrue(bench.qemu.running(), "a guest that is paused when it is reset goes on");
            assertFalse(bench.region.needsReset());
            bench.bootAndArm();
            assertEquals(ArmingState.ARMED, bench.state());
        }
    }

    private void endsWithQemu(Point point, boolean required) throws Exception {
        try (Scene scene = new Scene(point, bench -> bench.qemu.die())) {
            scene.play(required);
            List<String> heard = scene.bench.heard();
            assertEquals(ArmingState.GONE, scene.bench.state());
            assertEquals("gone", heard.get(heard.size() - 1));
            assertEquals(
                    point == Point.FAILED, heard.contains("failed"), "nobody's fault: " + heard);
        }
    }

    @TestFactory
    @DisplayName("each but the last can fail, and a reset starts again")
    Stream<DynamicTest> failures() {
        return Stream.of(true, false)
                .flatMap(required -> Stream.of(
                        DynamicTest.dynamicTest(
                                "QEMU of another build, required " + required,
                                () -> fails(
                                        Point.CONNECTED, required, bench -> bench.qemu.setAbi(99))),
                        DynamicTest.dynamicTest(
                                "RESOLVING, required " + required,
                                () -> fails(Point.KERNEL_IS_RESOLVED, required, bench -> {
                                    throw new IOException("unreadable");
                                })),
                        DynamicTest.dynamicTest(
                                "PREPARING, required " + required,
                                () -> fails(
                                        Point.PLAN_IS_APPLIED,
                                        required,
                                        bench -> bench.guest.writeVirtual(
                                                bench.guest.address("begin_new_exec"),
                                                new byte[] {(byte) 0xcc}))),
                        DynamicTest.dynamicTest(
                                "MAPPED, required " + required,
                                () -> fails(Point.BASELINE_IS_RECORDED, required, bench -> {
                                    throw new IOException("No space left on device");
                                }))));
    }

    private void fails(Point point, boolean required, Event event) throws Exception {
        try (Scene scene = new Scene(point, event)) {
            scene.play(required);
            ArmingBench bench = scene.bench;
            assertEquals(ArmingState.FAILED, bench.state());
            assertEquals(!required, bench.qemu.running());
            bench.qemu.setAbi(1);
            bench.qemu.reset();
            bench.settle();
            assertTrue(bench.qemu.running());
            bench.heard();
            bench.bootAndArm();
        }
    }

    @Test
    @DisplayName(
            "a guest that reaches its stop while its boot fails stays paused if SIM is required")
    void failureAtAStop() throws Exception {
        for (boolean required : new boolean[] {true, false}) {
            try (Scene scene = new Scene(Point.CONNECTED, bench -> {})) {
                ArmingBench bench = scene.bench;
                bench.serveWith(() -> {
                    bench.vcpu.runAll(); // to its hook stop, whose event waits for the worker
                    throw new IllegalStateException("no process");
                });
                scene.play(required);
                assertEquals(List.of("failed"), bench.heard());
                assertEquals(!required, bench.qemu.running());
            }
        }
    }

    @Test
    @DisplayName("no transition is left out here, and none but these is possible")
    void everyTransition() throws Exception {
        for (Point point : Point.values()) {
            isArmedAfterAReset(point, true);
            endsWithQemu(point, true);
        }
        failures().forEach(test -> {
            try {
                test.getExecutable().execute();
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        });
        try (Scene scene = new Scene(Point.CONNECTED, bench -> {})) {
            scene.bench.startWith(request -> {
                throw new InterruptedException("closed while it waited for QEMU");
            });
            assertEquals(ArmingState.CONNECTING, scene.bench.state());
            scene.bench.settle();
            assertEquals(List.of("gone"), scene.bench.heard());
        }
        try (Scene scene = new Scene(Point.CONNECTED, bench -> {})) {
            scene.bench.startWith(
                    request -> SimDevice.connect(request.qmpSocket(), request.timeout()));
            scene.bench.settle();
            assertEquals(List.of("failed", "gone"), scene.bench.heard());
        }
        try (Scene scene = new Scene(Point.CONNECTED, bench -> {})) {
            scene.bench.qemu.alreadyMapped(); // by an earlier manager
            scene.bench.adopt(true, new EarlierSession(0, true)).settle();
            assertEquals(ArmingState.MAPPED, scene.bench.state());
        }
        try (Scene scene = new Scene(Point.CONNECTED, bench -> {})) {
            scene.bench.qemu.alreadyStanding("preparing"); // since an earlier manager ended
            scene.bench.adopt(false, EarlierSession.NONE).settle();
            assertEquals(ArmingState.FAILED, scene.bench.state());
        }
        try (Scene scene = new Scene(Point.CONNECTED, bench -> {
            bench.qemu.setPrivilegeLevel(3); // user mode, and then a kernel
            bench.look();
        })) {
            scene.play(false);
            assertEquals(ArmingState.ARMED, scene.bench.state());
        }
        Set<String> possible = new TreeSet<>();
        for (ArmingState from : ArmingState.values()) {
            from.successors().forEach(to -> possible.add(from + " -> " + to));
        }
        assertEquals(possible, walked);
    }

    @Test
    @DisplayName("an impossible one is refused")
    void impossible() {
        for (ArmingState from : ArmingState.values()) {
            Arrays.stream(ArmingState.values())
                    .filter(to -> to != from && !from.successors().contains(to))
                    .forEach(to -> assertThrows(
                            IllegalStateException.class, () -> from.requireSuccessor(to)));
        }
    }

    @Test
    @DisplayName("each transition is one of the domain's as well")
    void domainStates() {
        for (ArmingState from : ArmingState.values()) {
            from.successors().stream()
                    .filter(to -> to != from)
                    .forEach(to -> assertTrue(
                            from.domainState().mayBecome(to.domainState()), from + " -> " + to));
        }
    }
}
