// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.control.ControlException;
import org.simvm.control.JsonClient;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.ManagerSettingsReader;

@Tag("integration")
@DisplayName("A manager with libvirt's test driver")
@Timeout(60)
class ManagerTests {
    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final Path MONITORS = TOP.resolve("native-qemu-patch/monitor/build");
    private static final UUID WEB = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
    private static final UUID SHOP = UUID.fromString("11234567-89ab-cdef-0123-456789abcdef");

    @TempDir
    Path folder;

    private ManagerSettings settings;
    private Manager manager;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(libvirtIsThere(), "skipped: libvirt.so.0 is not installed (libvirt0)");
        Path node = Files.writeString(
                folder.resolve("node.xml"), "<node>" + testDomain("web", WEB) + "</node>");
        Path share = Files.createDirectory(folder.resolve("share"));
        copyMonitors(Files.createDirectory(share.resolve("monitors")));
        String user = "+" + Files.getAttribute(folder, "unix:uid");
        String group = "+" + Files.getAttribute(folder, "unix:gid");
        settings = ManagerSettingsReader.read(
                Map.of(
                        "SIM_CONFIG",
                        Files.createFile(folder.resolve("sim-manager.conf")).toString()),
                Map.of(
                        "run.dir",
                        folder.resolve("run").toString(),
                        "state.dir",
                        folder.resolve("state").toString(),
                        "share.dir",
                        share.toString(),
                        "libvirt.uri",
                        "test://" + node,
                        "qemu.user",
                        user,
                        "qemu.group",
                        group));
        manager = Manager.start(settings);
    }

    @AfterEach
    void stop() {
        if (manager != null) {
            manager.close();
        }
    }

    private static void copyMonitors(Path target) throws IOException {
        if (Files.isDirectory(MONITORS)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(MONITORS, "*.elf")) {
                for (Path file : files) {
                    Files.copy(file, target.resolve(file.getFileName()));
                }
            }
        }
    }

    private static boolean libvirtIsThere() {
        try {
            return NativeLibrary.getInstance("libvirt.so.0") != null;
        } catch (UnsatisfiedLinkError e) {
            return false;
        }
    }

    private static void needsMonitors() {
        assumeTrue(
                Files.exists(MONITORS.resolve("core.elf")),
                "skipped: the monitors are not built (make -C native-qemu-patch/monitor)");
    }

    private static String testDomain(String name, UUID uuid) {
        return "<domain type='test'><name>" + name + "</name><uuid>" + uuid
                + "</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu>"
                + "<os><type arch='x86_64'>hvm</type></os></domain>";
    }

    /** A domain as libvirt's hook brings it. */
    private String hookXml(String element, String emulator) {
        return "<domain type='qemu' id='7'>\n  <name>shop</name>\n  <uuid>" + SHOP
                + "</uuid>\n  <metadata>\n    " + element
                + "\n  </metadata>\n  <memory unit='KiB'>262144</memory>\n  <vcpu>2</vcpu>\n"
                + "  <os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os>\n  "
                + "<devices><emulator>"
                + emulator
                + "</emulator></devices>\n</domain>\n";
    }

    private String underSim(String monitor) {
        return hookXml(
                "<sim:sim xmlns:sim=\"https://simvm.org/xmlns/libvirt/domain/1.0\" "
                        + "required=\"yes\"><sim:monitor name=\""
                        + monitor + "\"/></sim:sim>",
                settings.launcher().toString());
    }

    private String hook(String operation, String xml) throws IOException {
        byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(settings.controlSocket()));
            channel.write(
                    ByteBuffer.wrap(("hook " + operation + " begin 4 " + bytes.length + "\nshop")
                            .getBytes(StandardCharsets.UTF_8)));
            channel.write(ByteBuffer.wrap(bytes));
            ByteBuffer answer = ByteBuffer.allocate(4096);
            while (channel.read(answer) >= 0) {
                assertTrue(answer.hasRemaining());
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }

    private List<ObjectNode> ask(ObjectNode request) throws ControlException {
        return new JsonClient(settings.controlSocket()).ask(request);
    }

    private static ObjectNode request(String verb) {
        return JsonNodeFactory.instance.objectNode().put("verb", verb);
    }

    private Optional<ObjectNode> listed(String name) throws ControlException {
        return ask(request("list")).stream()
                .filter(domain -> domain.path("name").asText().equals(name))
                .findFirst();
    }

    private String state(String name) throws ControlException {
        return listed(name).map(domain -> domain.path("state").asText()).orElse("not there");
    }

    private static void eventually(String what, BooleanSupplier condition)
            throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "not within 10 s: " + what);
            Thread.sleep(10);
        }
    }

    private boolean isListed(String name) {
        try {
            return listed(name).isPresent();
        } catch (ControlException e) {
            return false;
        }
    }

    private boolean runDirectoryExists() {
        return Files.exists(settings.runDirectory(SHOP));
    }

    @Nested
    @DisplayName("following libvirt")
    class Following {
        @Test
        @DisplayName("knows the domains, and finds them by name, id and UUID")
        void knowsDomains() throws Exception {
            eventually("web is known", () -> isListed("web"));
            eventually("its id is known", () -> {
                try {
                    return listed("web").orElseThrow().path("id").asInt() == 1;
                } catch (ControlException e) {
                    return false;
                }
            });
            for (String name : List.of("web", "1", WEB.toString())) {
                assertEquals(
                        "web",
                        ask(request("status").put("domain", name))
                                .get(0)
                                .path("name")
                                .asText());
            }
            ControlException error = assertThrows(
                    ControlException.class, () -> ask(request("status").put("domain", "nobody")));
            assertEquals(
                    "there is no domain 'nobody'; 'virt-sim list' shows those there are",
                    error.getMessage());
        }

        @Test
        @DisplayName("marks a domain that requires SIM, says why it can't have it, and takes the "
                + "mark back")
        void marks() throws Exception {
            needsMonitors();
            eventually("web is known", () -> isListed("web"));
            ControlException error = assertThrows(
                    ControlException.class,
                    () -> ask(request("apply")
                            .put("domain", "web")
                            .put("element", "<sim required='yes'><monitor name='process'/></sim>")
                            .put("persistent", true)));
            assertTrue(error.getMessage().contains("type \"test\""), error.getMessage());
            assertTrue(Files.exists(settings.requiredMarker(WEB)));
            assertEquals("invalid", state("web"));
            ask(request("remove").put("domain", "web").put("persistent", true));
            assertFalse(Files.exists(settings.requiredMarker(WEB)));
            assertEquals("none", state("web"));
        }

        @Test
        @DisplayName("suspends a domain's checks for a while, over a restart, with an entry in the "
                + "audit trail")
        void suspends() throws Exception {
            eventually("web is known", () -> isListed("web"));
            Instant before = Instant.now();
            String until = ask(request("suspend-checks")
                            .put("domain", "web")
                            .put("seconds", 3600)
                            .put("reason", "upgrade"))
                    .get(0)
                    .path("until")
                    .asText();
            assertTrue(Instant.parse(until).isAfter(before.plusSeconds(3590)), until);
            assertEquals(until, suspendedUntil());
            manager.close();
            manager = Manager.start(settings);
            eventually("web is known", () -> isListed("web"));
            assertEquals(until, suspendedUntil());
            assertTrue(ask(request("resume-checks").put("domain", "web"))
                    .get(0)
                    .path("resumed")
                    .asBoolean());
            assertEquals("", suspendedUntil());
            List<String> trail = ask(request("audit")).stream()
                    .map(entry -> entry.path("verb").asText() + " "
                            + entry.path("arguments").path("reason").asText()
                            + entry.path("outcome").asText())
                    .toList();
            assertEquals(List.of("suspend-checks upgradedone", "resume-checks done"), trail);
            ControlException error = assertThrows(
                    ControlException.class,
                    () -> ask(request("suspend-checks").put("domain", "web").put("seconds", 0)));
            assertTrue(
                    error.getMessage().startsWith("checks can be suspended for 1 s to 7 days"),
                    error.getMessage());
        }

        private String suspendedUntil() throws ControlException {
            return ask(request("status").put("domain", "web"))
                    .get(0)
                    .path("checksSuspendedUntil")
                    .asText();
        }

        @Test
        @DisplayName("refuses a wrong element before anything is changed")
        void wrongElement() throws Exception {
            eventually("web is known", () -> isListed("web"));
            for (String element : List.of(
                    "<sim required='maybe'/>",
                    "<sim><monitor name='nosuch'/></sim>",
                    "<other/>",
                    "<sim")) {
                ControlException error = assertThrows(
                        ControlException.class,
                        () -> ask(request("apply")
                                .put("domain", "web")
                                .put("element", element)
                                .put("persistent", true)));
                assertFalse(error.getMessage().isBlank());
                assertFalse(error.getMessage().contains("\n"));
            }
            assertEquals("none", state("web"));
        }
    }

    @Nested
    @DisplayName("asked by the hook")
    class Hooked {
        @Test
        @DisplayName("prepares a domain, and clears away when it is released")
        void lifeCycle() throws Exception {
            needsMonitors();
            assertEquals("ok\n", hook("prepare", underSim("process")));
            Path directory = settings.runDirectory(SHOP);
            List<String> launch = Files.readAllLines(directory.resolve("launch"));
            assertAll(
                    () -> assertEquals(
                            "rwx------",
                            PosixFilePermissions.toString(
                                    Files.getPosixFilePermissions(directory))),
                    () -> assertEquals(
                            "rw-------",
                            PosixFilePermissions.toString(
                                    Files.getPosixFilePermissions(directory.resolve("region")))),
                    () -> assertEquals(
                            settings.regionBytes(), Files.size(directory.resolve("region"))),
                    () -> assertEquals(
                            List.of(
                                    "-object",
                                    "memory-backend-file,id=simmem,mem-path="
                                            + directory.resolve("region") + ",size="
                                            + settings.regionBytes() + ",share=on",
                                    "-device",
                                    "sim-region,id=sim0,memdev=simmem",
                                    "-chardev",
                                    "socket,id=simqmp,path=" + directory.resolve("qmp.sock")
                                            + ",server=on,wait=off",
                                    "-mon",
                                    "chardev=simqmp,mode=control"),
                            launch),
                    () -> assertEquals("prepared", state("shop")));
            assertEquals("ok\n", hook("start", underSim("process")));
            assertEquals("connecting", state("shop"));
            assertEquals("ok\n", hook("started", underSim("process")));
            assertEquals(
                    "shop",
                    ask(request("info").put("domain", "7")).get(0).path("name").asText());
            assertEquals("ok\n", hook("stopped", underSim("process")));
            assertEquals("ok\n", hook("release", underSim("process")));
            eventually("the run directory is gone", () -> !runDirectoryExists());
        }

        @Test
        @DisplayName("answers a domain without our element at once, and makes nothing")
        void notOurs() throws Exception {
            assertEquals(
                    "ok\n",
                    hook(
                            "prepare",
                            hookXml("<x:y xmlns:x='urn:x'/>", "/usr/bin/qemu-system-x86_64")));
            assertFalse(runDirectoryExists());
        }

        @Test
        @DisplayName("refuses what can't work, with the next step, and leaves nothing behind")
        void refusals() throws Exception {
            needsMonitors();
            assertTrue(hook("prepare", underSim("nosuch")).matches("refuse .*nosuch\\.elf.*\n"));
            String plain = hookXml(
                    "<sim:sim xmlns:sim=\"https://simvm.org/xmlns/libvirt/domain/1.0\"/>",
                    "/usr/bin/qemu-system-x86_64");
            assertTrue(hook("prepare", plain)
                    .matches("refuse <emulator> is /usr/bin/qemu-system-x86_64 but "
                            + "must be .*virt-sim apply shop.*\n"));
            String broken = underSim("process").replace("required=\"yes\"", "required=\"perhaps\"");
            assertTrue(hook("prepare", broken).startsWith("refuse shop:5:"));
            String small = underSim("process")
                    .replace("<sim:monitor", "<sim:region size=\"1\" unit=\"KiB\"/><sim:monitor");
            assertTrue(hook("prepare", small).startsWith("refuse shop:5:"));
            assertTrue(hook("prepare", "<domain").startsWith("refuse shop:1:"));
            assertTrue(hook("start", underSim("process"))
                    .startsWith("refuse the domain was not prepared"));
            assertFalse(runDirectoryExists());
        }

        @Test
        @DisplayName("does not arm what comes back from disk, and arms the next ordinary start")
        void restored() throws Exception {
            needsMonitors();
            assertTrue(hook("restore", underSim("process")).contains("armed while it boots"));
            assertEquals("ok\n", hook("prepare", underSim("process")));
            assertFalse(runDirectoryExists());
            assertEquals("ok\n", hook("prepare", underSim("process")));
            assertTrue(runDirectoryExists());
        }

        @Test
        @DisplayName("prepares anew if the start before came to nothing")
        void preparedTwice() throws Exception {
            needsMonitors();
            assertEquals("ok\n", hook("prepare", underSim("process")));
            byte[] first = header();
            assertEquals("ok\n", hook("prepare", underSim("process")));
            assertFalse(Arrays.equals(first, header()), "the secret layout is the same twice");
            assertTrue(Files.exists(settings.runDirectory(SHOP).resolve("launch")));
        }

        private byte[] header() throws IOException {
            try (InputStream region =
                    Files.newInputStream(settings.runDirectory(SHOP).resolve("region"))) {
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
            assertEquals("ok\n", hook("prepare", underSim("process")));
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
                            settings.runDirectory().toString(),
                            "SIM_STATE_DIR",
                            settings.stateDirectory().toString()));
            Process process = builder.redirectErrorStream(true).start();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), output);
            assertTrue(
                    output.contains("memory-backend-memfd")
                            && output.contains("sim-region,id=sim0,memdev=simmem"),
                    output);
            assertFalse(Files.exists(settings.runDirectory(SHOP).resolve("launch")));
        }
    }

    @Nested
    @DisplayName("one instance")
    class Instance {
        @Test
        @DisplayName("is all there is for a run directory")
        void second() {
            StartException error =
                    assertThrows(StartException.class, () -> Manager.start(settings));
            assertTrue(
                    error.getMessage().startsWith("another sim-manager runs already"),
                    error.getMessage());
        }

        @Test
        @DisplayName("leaves what it prepared to the next one")
        void adopted() throws Exception {
            needsMonitors();
            assertEquals("ok\n", hook("prepare", underSim("process")));
            manager.close();
            assertTrue(runDirectoryExists());
            manager = Manager.start(settings);
            assertEquals("prepared", state("shop"));
            assertEquals("ok\n", hook("start", underSim("process")));
            assertEquals("ok\n", hook("release", underSim("process")));
            eventually("the run directory is gone", () -> !runDirectoryExists());
        }

        @Test
        @DisplayName("clears away what a dead QEMU left")
        void cleared() throws Exception {
            needsMonitors();
            assertEquals("ok\n", hook("prepare", underSim("process")));
            manager.close();
            Files.delete(settings.runDirectory(SHOP).resolve("launch"));
            manager = Manager.start(settings);
            assertFalse(runDirectoryExists());
            assertEquals("not there", state("shop"));
        }

        @Test
        @DisplayName("says in one line why it can't start")
        void cantStart() throws Exception {
            manager.close();
            Files.delete(settings.runDirectory().resolve("sim-manager.lock"));
            Files.createDirectory(settings.runDirectory().resolve("sim-manager.lock"));
            StartException error =
                    assertThrows(StartException.class, () -> Manager.start(settings));
            assertTrue(
                    error.getMessage().contains(settings.runDirectory().toString()),
                    error.getMessage());
        }
    }
}
