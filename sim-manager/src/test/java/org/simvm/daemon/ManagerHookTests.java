// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.simvm.daemon.ManagerFixture.SHOP;
import static org.simvm.daemon.ManagerFixture.TOP;
import static org.simvm.daemon.ManagerFixture.eventually;
import static org.simvm.daemon.ManagerFixture.hookXml;
import static org.simvm.daemon.ManagerFixture.needsMonitors;
import static org.simvm.daemon.ManagerFixture.request;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("integration")
@DisplayName("A manager that is asked by libvirt's hook")
@Timeout(180)
class ManagerHookTests {
    @TempDir
    Path folder;

    private ManagerFixture host;

    @BeforeEach
    void start() throws Exception {
        host = new ManagerFixture(folder, "");
    }

    @AfterEach
    void stop() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    @Test
    @DisplayName("prepares a domain, and clears away when it is released")
    void lifeCycle() throws Exception {
        needsMonitors();
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        Path directory = host.directories.run(SHOP);
        List<String> launch = Files.readAllLines(directory.resolve("launch"));
        assertAll(
                () -> assertEquals(
                        "rwx------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(directory))),
                () -> assertEquals(
                        "rw-------",
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(directory.resolve("region")))),
                () -> assertEquals(
                        host.settings.regionBytes(), Files.size(directory.resolve("region"))),
                () -> assertEquals(
                        List.of(
                                "-object",
                                "memory-backend-file,id=simmem,mem-path="
                                        + directory.resolve("region") + ",size="
                                        + host.settings.regionBytes() + ",share=on",
                                "-device",
                                "sim-region,id=sim0,memdev=simmem",
                                "-chardev",
                                "socket,id=simqmp,path=" + directory.resolve("qmp.sock")
                                        + ",server=on,wait=off",
                                "-mon",
                                "chardev=simqmp,mode=control"),
                        launch),
                () -> assertEquals(Optional.of("prepared"), host.state("shop")));
        assertEquals("ok\n", host.hook("start", host.underSim("process")));
        assertEquals(Optional.of("connecting"), host.state("shop"));
        assertEquals("ok\n", host.hook("started", host.underSim("process")));
        assertEquals(
                "shop",
                host.ask(request("info").put("domain", "7")).get(0).path("name").asText());
        assertEquals("ok\n", host.hook("stopped", host.underSim("process")));
        assertEquals("ok\n", host.hook("release", host.underSim("process")));
        eventually("the run directory is gone", () -> !host.isPrepared());
    }

    @Test
    @DisplayName("answers a domain without our element at once, and makes nothing")
    void notOurs() throws Exception {
        assertEquals(
                "ok\n",
                host.hook(
                        "prepare",
                        hookXml("<x:y xmlns:x='urn:x'/>", "/usr/bin/qemu-system-x86_64")));
        assertFalse(host.isPrepared());
    }

    @Test
    @DisplayName("refuses what can't work, with the next step, and leaves nothing behind")
    void refusals() throws Exception {
        needsMonitors();
        assertTrue(
                host.hook("prepare", host.underSim("nosuch")).matches("refuse .*nosuch\\.elf.*\n"));
        String plain = hookXml(
                "<sim:sim xmlns:sim=\"https://simvm.org/xmlns/libvirt/domain/1.0\"/>",
                "/usr/bin/qemu-system-x86_64");
        assertTrue(host.hook("prepare", plain)
                .matches("refuse <emulator> is /usr/bin/qemu-system-x86_64 but "
                        + "must be .*virt-sim apply shop.*\n"));
        assertTrue(host.hook("start", host.underSim("process"))
                .startsWith("refuse the domain was not prepared"));
        assertFalse(host.isPrepared());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "required=\"yes\" | required=\"perhaps\"",
                "required=\"yes\" | requird=\"yes\"",
                "<sim:monitor | <sim:region size=\"1\" unit=\"KiB\"/><sim:monitor",
                "https://simvm.org/ | http://simvm.org/",
                "domain/1.0 | domain/1.1"
            })
    @DisplayName("forbids what can't be understood, with line and column, required or not")
    void forbids(String change) throws Exception {
        needsMonitors();
        String[] parts = change.split(" \\| ", 2);
        String answer = host.hook("prepare", host.underSim("process").replace(parts[0], parts[1]));
        assertTrue(answer.matches("forbid shop:5:\\d+: .*\n"), answer);
        assertFalse(host.isPrepared());
    }

    @Test
    @DisplayName("forbids parameters that a monitor has not, and no XML at all")
    void forbidsParameters() throws Exception {
        needsMonitors();
        String calls = host.underSim("syscalls")
                .replace(
                        "name=\"syscalls\"/>",
                        "name=\"syscalls\"><sim:parameter name=\"calls\" value=\"execv\"/>"
                                + "</sim:monitor>");
        String answer = host.hook("prepare", calls);
        assertTrue(
                answer.matches("forbid .*'execv' is none of its \\d+ names \\(did you mean"
                        + " 'execve'\\?\\).*\n"),
                answer);
        assertTrue(host.hook("prepare", "<domain").startsWith("forbid shop:1:"));
    }

    @Test
    @DisplayName("lets what can't be understood start where the configuration says so")
    void startsInvalid() throws Exception {
        host.close();
        host = new ManagerFixture(
                Files.createDirectory(folder.resolve("lenient")), "element.invalid = start");
        String typo = host.underSim("process").replace("required=", "requird=");
        assertTrue(host.hook("prepare", typo).startsWith("refuse shop:5:"));
    }

    @Test
    @DisplayName("does not arm what comes back from disk, and arms the next ordinary start")
    void restored() throws Exception {
        needsMonitors();
        assertTrue(host.hook("restore", host.underSim("process")).contains("armed while it boots"));
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        assertFalse(host.isPrepared());
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        assertTrue(host.isPrepared());
    }

    @Test
    @DisplayName("prepares anew if the start before came to nothing")
    void preparedTwice() throws Exception {
        needsMonitors();
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        byte[] first = header();
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        assertFalse(Arrays.equals(first, header()), "the secret layout is the same twice");
        assertTrue(Files.exists(host.directories.run(SHOP).resolve("launch")));
    }

    private byte[] header() throws IOException {
        try (InputStream region =
                Files.newInputStream(host.directories.run(SHOP).resolve("region"))) {
            return region.readNBytes(4096);
        }
    }

    @Test
    @DisplayName("what it prepared starts one QEMU, by the launcher")
    void launcherTakesIt() throws Exception {
        needsMonitors();
        Path launcher = TOP.resolve("native-qemu-patch/launcher/build/qemu-system-x86_64-sim");
        Path fake = TOP.resolve("native-qemu-patch/launcher/build/fake-emulator");
        assumeTrue(
                Files.isExecutable(launcher) && Files.isExecutable(fake),
                "skipped: the launcher is not built (make -C native-qemu-patch/launcher "
                        + "check)");
        assertEquals("ok\n", host.hook("prepare", host.underSim("process")));
        ProcessBuilder builder = new ProcessBuilder(
                launcher.toString(),
                "-object",
                "{\"qom-type\":\"memory-backend-ram\",\"id\":\"pc.ram\",\"size\":268435456}",
                "-uuid",
                SHOP.toString());
        builder.environment()
                .putAll(Map.of(
                        "SIM_QEMU",
                        fake.toString(),
                        "SIM_RUN_DIR",
                        host.settings.runDirectory().toString(),
                        "SIM_STATE_DIR",
                        host.settings.stateDirectory().toString()));
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(
                output.contains("memory-backend-memfd")
                        && output.contains("sim-region,id=sim0,memdev=simmem"),
                output);
        assertFalse(Files.exists(host.directories.run(SHOP).resolve("launch")));
    }
}
