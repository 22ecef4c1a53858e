// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.simvm.control.ControlException;
import org.simvm.control.JsonClient;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.ManagerSettingsReader;

/** A manager in a folder of its own, with libvirt's test driver and one domain, {@code web}. */
final class ManagerFixture implements AutoCloseable {
    static final UUID WEB = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");

    final Path configuration;
    final ManagerSettings settings;
    final Manager manager;
    private final Map<String, String> environment;
    private final Map<String, String> commandLine = new HashMap<>();

    ManagerFixture(Path folder, String configured) throws Exception {
        assumeTrue(libvirtIsThere(), "skipped: libvirt.so.0 is not installed (libvirt0)");
        Path node = Files.writeString(
                folder.resolve("node.xml"),
                "<node><domain type='test'><name>web</name><uuid>" + WEB
                        + "</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu><os><type "
                        + "arch='x86_64'>hvm</type></os></domain></node>");
        Files.createDirectories(folder.resolve("share/monitors"));
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
        manager =
                Manager.start(settings, () -> ManagerSettingsReader.read(environment, commandLine));
        eventually("web is known", () -> ask(request("list")).size() == 1);
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

    static void eventually(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.call()) {
            assertTrue(System.nanoTime() < deadline, "not within 20 s: " + what);
            Thread.sleep(20);
        }
    }

    @Override
    public void close() throws IOException {
        manager.close();
    }
}
