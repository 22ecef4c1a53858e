// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.simvm.control.ControlException;
import org.simvm.control.JsonClient;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.ManagerSettingsReader;
import org.simvm.state.DomainDirectories;

/**
 * A manager in a folder of its own, with libvirt's test driver and one domain, {@code web}. The
 * domain {@code shop} is known to it from libvirt's hook alone.
 */
final class ManagerFixture implements AutoCloseable {
    static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    static final UUID WEB = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
    static final UUID SHOP = UUID.fromString("11234567-89ab-cdef-0123-456789abcdef");
    private static final Path MONITORS = TOP.resolve("native-qemu-patch/monitor/build");

    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    final Path configuration;
    final ManagerSettings settings;
    final DomainDirectories directories;
    Manager manager;
    private final Map<String, String> environment;
    private final Map<String, String> commandLine = new HashMap<>();

    ManagerFixture(Path folder, String configured) throws Exception {
        assumeTrue(libvirtIsThere(), "skipped: libvirt.so.0 is not installed (libvirt0)");
        Path node = Files.writeString(
                folder.resolve("node.xml"),
                "<node><domain type='test'><name>web</name><uuid>" + WEB
                        + "</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu><os><type "
                        + "arch='x86_64'>hvm</type></os></domain></node>");
        copyMonitors(Files.createDirectories(folder.resolve("share/monitors")));
        configuration = Files.writeString(
                folder.resolve("sim-manager.conf"), "journal.send =\n" + configured);
        environment = Map.of("SIM_CONFIG", configuration.toString());
        commandLine.put("run.dir", folder.resolve("run").toString());
        commandLine.put("state.dir", folder.resolve("state").toString());
        commandLine.put("share.dir", folder.resolve("share").toString());
        commandLine.put("libvirt.uri", "test://" + node);
        commandLine.put("qemu.user", "+" + Files.getAttribute(folder, "unix:uid"));
        commandLine.put("qemu.group", "+" + Files.getAttribute(folder, "unix:gid"));
        settings = ManagerSettingsReader.read(environment, commandLine);
        directories = new DomainDirectories(settings.runDirectory(), settings.stateDirectory());
        start();
        eventually("web is known", () -> state("web").isPresent());
    }

    /** Starts a manager where the one before was closed. */
    void start() throws StartException {
        manager =
                Manager.start(settings, () -> ManagerSettingsReader.read(environment, commandLine));
    }

    static void needsMonitors() {
        assumeTrue(
                Files.exists(MONITORS.resolve("core.elf")),
                "skipped: the monitors are not built (make -C native-qemu-patch/monitor)");
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

    static ObjectNode request(String verb) {
        return JsonNodeFactory.instance.objectNode().put("verb", verb);
    }

    List<ObjectNode> ask(ObjectNode request) throws ControlException {
        return ask(settings.controlSocket(), request);
    }

    static List<ObjectNode> ask(Path socket, ObjectNode request) throws ControlException {
        return new JsonClient(socket).ask(request);
    }

    /** A domain as libvirt's hook brings it. */
    static String hookXml(String element, String emulator) {
        return "<domain type='qemu' id='7'>\n  <name>shop</name>\n  <uuid>" + SHOP
                + "</uuid>\n  <metadata>\n    " + element
                + "\n  </metadata>\n  <memory unit='KiB'>262144</memory>\n  <vcpu>2</vcpu>\n"
                + "  <os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os>\n  "
                + "<devices><emulator>"
                + emulator
                + "</emulator></devices>\n</domain>\n";
    }

    String underSim(String monitor) {
        return hookXml(
                "<sim:sim xmlns:sim=\"https://simvm.org/xmlns/libvirt/domain/1.0\" "
                        + "required=\"yes\"><sim:monitor name=\""
                        + monitor + "\"/></sim:sim>",
                settings.launcher().toString());
    }

    /** Says to the manager what libvirt's hook says of shop, and returns the answer. */
    String hook(String operation, String xml) throws IOException {
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

    boolean isPrepared() {
        return Files.exists(directories.run(SHOP));
    }

    /** Returns the state of a domain as it is listed; empty if it is not. */
    Optional<String> state(String name) throws ControlException {
        return ask(request("list")).stream()
                .filter(domain -> domain.path("name").asText().equals(name))
                .map(domain -> domain.path("state").asText())
                .findFirst();
    }

    static void eventually(String what, Callable<Boolean> condition) throws Exception {
        await(what).atMost(TIMEOUT).until(condition);
    }

    @Override
    public void close() throws IOException {
        manager.close();
    }
}
