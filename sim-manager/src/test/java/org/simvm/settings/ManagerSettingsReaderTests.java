// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The reader of the host's configuration")
class ManagerSettingsReaderTests extends ManagerSettingsFixture {

    @Nested
    @DisplayName("knows where things are")
    class Places {

        @Test
        @DisplayName("by default")
        void byDefault() {
            ManagerSettings settings = ManagerSettingsReader.defaults();
            assertEquals(
                    "/run/sim-manager/sim-manager.sock",
                    settings.controlSocket().toString());
            assertEquals(
                    "/usr/share/sim-manager/monitors/gates.elf",
                    settings.monitorFiles().gates().toString());
            assertEquals(
                    "/usr/share/sim-manager/monitors/gates-lbr.elf",
                    settings.monitorFiles().lastBranchGates().toString());
            assertEquals(
                    "/usr/share/sim-manager/monitors/core.elf",
                    settings.monitorFiles().core().toString());
            assertEquals("/usr/bin/qemu-system-x86_64-sim", settings.launcher().toString());
            assertEquals("qemu:///system", settings.libvirtUri());
            assertEquals(8 << 20, settings.regionBytes());
            assertEquals(Optional.empty(), settings.metrics());
        }

        @Test
        @DisplayName("with one event log for all domains, if its path is absolute")
        void oneEventLog() throws Exception {
            Files.writeString(file, "event.log.file = /var/log/sim/events.jsonl\n");
            assertEquals("/var/log/sim/events.jsonl", read().eventLogFile().toString());
        }

        @Test
        @DisplayName("and which files may be monitors")
        void monitors() throws Exception {
            Files.writeString(file, "monitor.directories = /usr/lib/acme:/srv/monitors/\n");
            ManagerSettings settings = read();
            assertEquals(
                    "/usr/share/sim-manager/monitors/syscalls.elf",
                    settings.monitorFiles()
                            .monitor(new MonitorSettings("syscalls", Optional.empty(), Map.of()))
                            .toString());
            assertEquals(
                    "/srv/monitors/a.elf",
                    settings.monitorFiles()
                            .monitor(new MonitorSettings(
                                    "a", Optional.of(Path.of("/srv/monitors/a.elf")), Map.of()))
                            .toString());
            MonitorSettings outside = new MonitorSettings(
                    "a", Optional.of(Path.of("/srv/monitors/../shadow")), Map.of());
            assertThrows(SettingsException.class, () -> settings.monitorFiles().monitor(outside));
            MonitorSettings sibling =
                    new MonitorSettings("a", Optional.of(Path.of("/srv/monitors2/a")), Map.of());
            assertThrows(SettingsException.class, () -> settings.monitorFiles().monitor(sibling));
            assertEquals(
                    "/srv/shadow",
                    ManagerSettingsReader.defaults()
                            .monitorFiles()
                            .monitor(outside)
                            .toString());
        }
    }

    @Nested
    @DisplayName("lays")
    class Layers {

        @Test
        @DisplayName(
                "the file over the defaults, conf.d over the file, later names over earlier ones")
        void files() throws Exception {
            Files.writeString(file, "run.dir = /a\nstate.dir = /a\nshare.dir = /a\n");
            dropIn("10-b.conf", "state.dir = /b\nshare.dir = /b\n");
            dropIn("20-c.conf", "share.dir = /c\n");
            dropIn("30-d.conf.disabled", "share.dir = /d\n");
            ManagerSettings settings = read();
            assertEquals(
                    List.of("/a", "/b", "/c"),
                    List.of(
                            settings.runDirectory().toString(),
                            settings.stateDirectory().toString(),
                            settings.shareDirectory().toString()));
            assertEquals("libvirt-qemu", settings.qemuUser());
        }

        @Test
        @DisplayName("the environment over files, the command line over the environment")
        void environmentAndCommandLine() throws Exception {
            dropIn("a.conf", "run.dir = /file\nstate.dir = /file\n");
            environment.put("SIM_RUN_DIR", "/environment");
            environment.put("SIM_STATE_DIR", "/environment");
            environment.put("SIM_LIBVIRT_URI", "test:///default");
            environment.put("SIM_QEMU", "somebody else's variable");
            commandLine.put("run.dir", "/command/line");
            ManagerSettings settings = read();
            assertEquals("/command/line", settings.runDirectory().toString());
            assertEquals("/environment", settings.stateDirectory().toString());
            assertEquals("test:///default", settings.libvirtUri());
        }

        @Test
        @DisplayName("nothing over the defaults if there is no file")
        void noFile() throws Exception {
            assertEquals(ManagerSettingsReader.defaults(), read());
        }
    }

    @Nested
    @DisplayName("refuses")
    class Refuses {

        @Test
        @DisplayName("everything that is wrong, at once, by file and key")
        void everythingAtOnce() throws Exception {
            Files.writeString(file, "region.size = 8M\nlog.level = loud\nevent.log.files = 0\n");
            dropIn("x.conf", "qemu.usr = me\n");
            environment.put("SIM_METRICS_PORT", "70000");
            commandLine.put("run.dir", "run");
            List<String> problems = problems();
            assertEquals(6, problems.size(), () -> String.join("\n", problems));
            assertTrue(problems.get(0)
                    .startsWith("/conf.d/x.conf: qemu.usr: there is no such key; use one "
                            + "of boot.limit, checks.store"));
            assertTrue(
                    problems.containsAll(List.of(
                            "/sim-manager.conf: region.size: \"8M\" is not a size; "
                                    + "write a number and KiB, MiB or "
                                    + "GiB",
                            "/sim-manager.conf: log.level: \"loud\" is none of the words that "
                                    + "may stand there; use one of error, warn, info, debug, trace",
                            "/sim-manager.conf: event.log.files: \"0\" is not a "
                                    + "number from 1 to 1000; correct it",
                            "environment: SIM_METRICS_PORT: \"70000\" is not a number "
                                    + "from 0 to 65535; correct it",
                            "command line: run.dir: \"run\" is not an absolute path; "
                                    + "start it with /")),
                    () -> String.join("\n", problems));
        }

        @ParameterizedTest(name = "{0} = {1}")
        @CsvSource({
            "region.size, 1 KiB",
            "boot.limit, -1",
            "boot.limit, 2 minutes",
            "boot.limit, 86401",
            "region.size, 2 GiB",
            "region.size, 1025 KiB",
            "region.size, -8 MiB",
            "region.size, 99999999999 GiB",
            "libvirt.uri, /system",
            "libvirt.uri, qemu:///a b",
            "qemu.user, root:root",
            "qemu.group, ''",
            "metrics.address, localhost",
            "metrics.address, 1.2.3.4.5",
            "metrics.port, -1",
            "event.log.file, ''",
            "event.log.size, 0 KiB",
            "event.log.size, 63 KiB",
            "journal.send, everything",
            "journal.socket, socket",
            "syslog.address, loghost",
            "syslog.address, udp://loghost",
            "syslog.address, ftp://loghost:21",
            "syslog.send, exec!",
            "webhook.url, /sim",
            "webhook.url, https://user:password@host/",
            "webhook.timeout, 0",
            "webhook.secret.file, secret",
            "spool.size, 1 KiB",
            "monitor.directories, lib",
            "launcher.path, qemu"
        })
        @DisplayName("a value that makes no sense")
        void nonsense(String key, String value) throws Exception {
            Files.writeString(file, key + " = " + value + "\n");
            List<String> problems = problems();
            assertEquals(1, problems.size(), () -> String.join("\n", problems));
            assertTrue(
                    problems.get(0)
                            .startsWith("/sim-manager.conf: " + key + ": \"" + value + "\" "),
                    problems.get(0));
        }

        @Test
        @DisplayName("a key that is there twice in one file")
        void twice() throws Exception {
            Files.writeString(file, "run.dir = /a\nrun.dir = /b\n");
            assertEquals(
                    List.of("/sim-manager.conf: run.dir: the key is there more than once; keep one "
                            + "line"),
                    problems());
        }

        @Test
        @DisplayName("a named file that is not there, is not text, or is broken")
        void badFiles() throws Exception {
            Files.delete(file);
            assertEquals(
                    List.of("/sim-manager.conf: there is no such file; correct SIM_CONFIG"),
                    problems());
            Files.write(file, new byte[] {'a', (byte) 0xff, '\n'});
            assertEquals(
                    List.of("/sim-manager.conf: is not UTF-8 text; save it as UTF-8"), problems());
            Files.writeString(file, "run.dir = \\u12\n");
            assertEquals(1, problems().size());
        }

        @Test
        @DisplayName("to include other files or to look values up elsewhere")
        void noIncludesNoLookups() throws Exception {
            Files.writeString(directory.resolve("other"), "run.dir = /other\n");
            Files.writeString(file, "include = other\n");
            assertEquals(
                    List.of("/sim-manager.conf: include: files cannot include others; "
                            + "put the other file into conf.d"),
                    problems());
            Files.writeString(file, "run.dir = ${env:HOME}\nstate.dir = /${sys:user.name}\n");
            assertEquals(
                    List.of("/sim-manager.conf: run.dir: \"${env:HOME}\" is not an absolute path; "
                            + "start it with /"),
                    problems());
        }
    }

    @Test
    @SuppressWarnings("AddressSelection") // a literal has one address
    @DisplayName("serves metrics where it is told")
    void metrics() throws Exception {
        Files.writeString(file, "metrics.port = 9177\nmetrics.address = ::1\n");
        assertEquals(Optional.of(new InetSocketAddress("::1", 9177)), read().metrics());
    }

    @Test
    @DisplayName("sends out what it is told, where to it is told; by default to the journal alone")
    void outlets() throws Exception {
        OutletSettings outlets = read().outlets();
        assertEquals(
                Set.of("violation", "finding", "state", "audit", "manager"),
                outlets.journal().send());
        assertEquals(Optional.empty(), outlets.syslog());
        assertEquals(Optional.empty(), outlets.webhook());
        Files.writeString(file, """
                journal.send =
                syslog.address = tls://loghost.example:6514
                syslog.send = violation exec,event-200
                webhook.url = https://receiver.example/sim?host=a
                webhook.secret.file = /etc/sim-manager/secret
                spool.size = 1 GiB
                """);
        outlets = read().outlets();
        assertEquals(Set.of(), outlets.journal().send());
        assertEquals(
                new OutletSettings.Syslog(
                        Set.of("violation", "exec", "event-200"),
                        URI.create("tls://loghost.example:6514")),
                outlets.syslog().orElseThrow());
        assertEquals(Duration.ofSeconds(10), outlets.webhook().orElseThrow().timeout());
        assertEquals(
                Optional.of(Path.of("/etc/sim-manager/secret")),
                outlets.webhook().orElseThrow().secret());
        assertEquals(1L << 30, outlets.spoolBytes());
    }
}
