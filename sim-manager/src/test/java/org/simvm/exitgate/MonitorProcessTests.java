// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.exitgate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.guest.memory.RamBlock;
import org.simvm.region.BootValues;
import org.simvm.region.GateKind;
import org.simvm.region.GateLoader;
import org.simvm.region.MonitorProgram;
import org.simvm.region.ProgramLoader;
import org.simvm.region.RamRange;
import org.simvm.region.RegionArea;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;
import org.simvm.region.SlotDeclaration;

@DisplayName("The monitors' process on the host, for real")
@Tag("integration")
@Timeout(120)
class MonitorProcessTests {
    private static final Path BUILD = Path.of("..", "native-qemu-patch", "monitor", "build")
            .toAbsolutePath()
            .normalize();
    private static final Path PROGRAM = BUILD.resolve("sim-monitor-process");
    private static final long TEXT = 0xffffffff81000000L;
    private static final long RAM = 1 << 20;

    @TempDir
    Path folder;

    private RegionFile region;
    private List<RamBlock> ram;
    /** Stands for QEMU: something that runs and ends. */
    private Process qemu;

    @BeforeEach
    void prepare() throws Exception {
        Assumptions.assumeTrue(
                Files.exists(PROGRAM),
                "skipped: no " + PROGRAM + " (make -C native-qemu-patch/monitor)");
        MonitorProgram core = ProgramLoader.load(BUILD.resolve("core.elf"));
        MonitorProgram monitor = ProgramLoader.load(BUILD.resolve("process.elf"));
        region = RegionFile.create(
                folder.resolve("region"),
                null,
                new RegionPlan(
                        new RegionArea(1L << 39, 1L << 39),
                        1 << 20,
                        RAM,
                        2,
                        0x510,
                        GateKind.EXIT,
                        GateLoader.load(BUILD.resolve("gates.elf")),
                        core,
                        List.of(new RegionPlan.PlannedMonitor(monitor, Map.of()))));
        Map<String, Long> slots = new TreeMap<>();
        for (MonitorProgram program : List.of(core, monitor)) {
            program.slots().stream()
                    .filter(slot -> !slot.filledByRegion())
                    .map(SlotDeclaration::name)
                    .forEach(name -> slots.put(name, 8L));
        }
        region.finalizeImage(new BootValues(
                4,
                List.of(new RamRange(0, RAM)),
                0xffff888000000000L,
                0x1fbc0,
                new BootValues.KernelText(TEXT, TEXT + (32 << 20)),
                509,
                List.of(),
                List.of(new BootValues.ArmedHook(0, monitor.hooks().get(0), TEXT + 5)),
                slots));
        Path file = Files.write(folder.resolve("ram"), new byte[(int) RAM]);
        ram = List.of(new RamBlock(0, RAM, file, 0));
        qemu = new ProcessBuilder("sleep", "1000").start();
    }

    @AfterEach
    void end() throws Exception {
        if (region != null) {
            MonitorProcess.find(PROGRAM, region).ifPresent(left -> {
                try {
                    left.kill();
                } catch (MonitorProcessException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            region.close();
        }
        if (qemu != null) {
            qemu.destroyForcibly();
        }
    }

    private MonitorProcess start() throws Exception {
        return MonitorProcess.start(PROGRAM, region, qemu.pid(), ram);
    }

    @Test
    @DisplayName("serves, and is found again by whoever comes later")
    void isFoundAgain() throws Exception {
        MonitorProcess first = start();
        assertEquals(first.pid(), region.servingProcess());
        first.close();
        MonitorProcess found = MonitorProcess.find(PROGRAM, region).orElseThrow();
        assertEquals(first.pid(), found.pid());
        found.kill();
        assertTrue(MonitorProcess.isGone(first.pid()));
        assertTrue(MonitorProcess.find(PROGRAM, region).isEmpty());
    }

    @Test
    @DisplayName("is told of when somebody kills it, and not when we do, or leave it alone")
    void isWatched() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        MonitorProcess killed = start();
        killed.whenEnded(told::countDown);
        ProcessHandle.of(killed.pid()).orElseThrow().destroyForcibly();
        assertTrue(told.await(20, TimeUnit.SECONDS));
        CountDownLatch never = new CountDownLatch(1);
        MonitorProcess ours = start();
        ours.whenEnded(never::countDown);
        ours.kill();
        MonitorProcess left = start();
        left.whenEnded(never::countDown);
        left.close();
        ProcessHandle.of(left.pid()).orElseThrow().destroyForcibly();
        assertFalse(never.await(1, TimeUnit.SECONDS));
    }

    @Test
    @DisplayName("ends with QEMU")
    void endsWithQemu() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        MonitorProcess process = start();
        process.whenEnded(told::countDown);
        qemu.destroyForcibly();
        assertTrue(told.await(20, TimeUnit.SECONDS));
        assertTrue(MonitorProcess.isGone(process.pid()));
    }

    @Test
    @DisplayName("that can't serve says why in one line, and is gone")
    void saysWhyItDoesNotServe() throws Exception {
        ram = List.of(new RamBlock(0, 2 * RAM, folder.resolve("ram"), 0));
        String message =
                assertThrows(MonitorProcessException.class, this::start).getMessage();
        assertTrue(
                message.startsWith("the monitors' process: sim-monitor-process: guest RAM ")
                        && message.contains("is shorter than"),
                message);
        assertEquals(0, region.servingProcess());
        assertTrue(assertThrows(
                        MonitorProcessException.class,
                        () -> MonitorProcess.start(folder.resolve("none"), region, qemu.pid(), ram))
                .getMessage()
                .contains("can't be started"));
    }

    @Test
    @DisplayName("whose number another program has now is not taken for it")
    void anotherProgramIsNotTakenForIt() throws Exception {
        MonitorProcess process = start();
        assertTrue(
                MonitorProcess.find(copyOfProgram(), region).isEmpty(), "another program serves");
        process.kill();
        assertTrue(MonitorProcess.find(PROGRAM, region).isEmpty());
    }

    private Path copyOfProgram() throws IOException {
        return Files.copy(PROGRAM, folder.resolve("sim-monitor-process"));
    }
}
