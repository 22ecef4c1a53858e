// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.libvirt.Domains.Copy;
import org.simvm.libvirt.Domains.RunState;
import org.simvm.libvirt.LibvirtEvent.Change;
import org.simvm.libvirt.LibvirtException.Cause;
import org.simvm.settings.DomainDescription;
import org.simvm.settings.DomainDescriptionReader;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.SimSettingsReader;

@Tag("integration")
@DisplayName("A connection to a real libvirtd, with real QEMU")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
class LibvirtDaemonTests {

    @TempDir
    private static Path directory;

    private static PrivateLibvirtd daemon;
    private static LibvirtConnection connection;
    private static final BlockingQueue<LibvirtEvent> EVENTS = new LinkedBlockingQueue<>();

    private static Path launcher;
    private static UUID quick;
    private static UUID slow;

    @BeforeAll
    static void start() throws Exception {
        Optional<String> missing = PrivateLibvirtd.missing();
        assumeTrue(missing.isEmpty(), () -> missing.get());
        daemon = new PrivateLibvirtd(directory);
        // Stuck until the test lets it go, or for a minute if the test is gone.
        executable(
                daemon.file("etc/hooks/qemu"),
                "#!/bin/sh\ncat >/dev/null\n"
                        + "[ \"$1/$2\" = slow/prepare ] || exit 0\n"
                        + "touch " + daemon.file("stuck") + "\n"
                        + "for i in $(seq 600); do [ ! -e " + daemon.file("go")
                        + " ] || exit 0; sleep 0.1; done\n");
        launcher = executable(
                daemon.file("launcher"),
                "#!/bin/sh\n"
                        + "case \"$*\" in *guest=*) touch " + daemon.file("launched") + ";; esac\n"
                        + "exec " + PrivateLibvirtd.QEMU + " \"$@\"\n");
        daemon.start();
        connection = new LibvirtConnection(daemon.uri()).start(EVENTS::add);
        assertTrue(
                connection.awaitConnected(Duration.ofMinutes(2)),
                () -> "libvirtd did not come up: " + output());
    }

    @AfterAll
    static void stop() throws Exception {
        if (connection != null) {
            for (UUID guest : new UUID[] {quick, slow}) {
                if (guest != null && connection.isConnected()) {
                    connection.destroy(guest);
                }
            }
            connection.close();
        }
        if (daemon != null) {
            daemon.close();
        }
    }

    private static Path executable(Path file, String text) throws IOException {
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
        return file;
    }

    private static String output() {
        try {
            return Files.readString(daemon.file("output"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static String domain(String name) {
        return "<domain type='qemu'><name>" + name + "</name><metadata>"
                + "<sim:sim xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0'/></metadata>"
                + "<memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type arch='x86_64' "
                + "machine='pc'>hvm</type></os>"
                + "<features><acpi/></features><devices><emulator>" + PrivateLibvirtd.QEMU
                + "</emulator></devices></domain>";
    }

    private static <E extends LibvirtEvent> E await(Class<E> type, Predicate<E> wanted)
            throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            LibvirtEvent event = EVENTS.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            assertNotNull(event, () -> "no " + type.getSimpleName() + " event");
            if (type.isInstance(event) && wanted.test(type.cast(event))) {
                return type.cast(event);
            }
        }
    }

    private static void awaitChange(UUID domain, Change change) throws InterruptedException {
        await(LibvirtEvent.Lifecycle.class, e -> e.domain().equals(domain) && e.change() == change);
    }

    @Test
    @Order(1)
    @DisplayName("defines a transformed domain, which QEMU's driver takes as it is")
    void definesTransformedDomain() throws Exception {
        DomainTransform transform = new DomainTransform(launcher);
        quick = connection.define(transform
                .transform(DomainDocument.parse(domain("quick"), "quick"), Optional.empty())
                .xml());
        awaitChange(quick, Change.DEFINED);
        String defined = connection.xml(quick, Copy.PERSISTENT);
        DomainDocument document = DomainDocument.parse(defined, "quick");
        assertTrue(SimSettingsReader.read(document).isPresent());
        DomainDescription description = DomainDescriptionReader.read(document);
        assertEquals(Optional.of(quick), description.uuid());
        assertEquals(Optional.of(launcher), description.emulator());
        assertEquals(64L << 20, description.memoryBytes());
        assertEquals(2, description.maxVcpus());
        assertFalse(
                transform
                        .transform(DomainDocument.parse(defined, "quick"), Optional.empty())
                        .changed(),
                defined);

        String removed = transform
                .remove(DomainDocument.parse(defined, "quick"), Optional.of(PrivateLibvirtd.QEMU))
                .xml();
        assertEquals(
                Optional.of(PrivateLibvirtd.QEMU),
                DomainDescriptionReader.read(DomainDocument.parse(removed, "quick"))
                        .emulator());
        assertEquals(
                defined, transform.apply(DomainDocument.parse(removed, "quick")).xml());
    }

    @Test
    @Order(2)
    @DisplayName("keeps a display's password when a domain is defined again")
    void keepsSecrets() throws Exception {
        UUID display = connection.define(domain("display")
                .replace("</devices>", "<graphics type='vnc' passwd='secret'/></devices>"));
        assertFalse(connection.xml(display, Copy.PERSISTENT).contains("secret"));
        assertEquals(display, connection.define(connection.definition(display)));
        assertTrue(connection.definition(display).contains("passwd='secret'"));
    }

    @Test
    @Order(2)
    @DisplayName("starts it by the launcher, and tells of it")
    void startsByTheLauncher() throws Exception {
        connection.start(quick);
        awaitChange(quick, Change.STARTED);
        assertTrue(Files.exists(daemon.file("launched")));
        assertEquals(RunState.RUNNING, connection.state(quick).run());
        assertTrue(connection.list().contains(new Domains.Domain(quick, "quick", true, true)));
    }

    @Test
    @Order(3)
    @DisplayName("tells of settings that are set on the running domain, in either copy")
    void tellsOfSettings() throws Exception {
        connection.setMetadata(quick, Copy.LIVE, Optional.of("<sim required='yes'/>"));
        assertEquals(
                new LibvirtEvent.MetadataChanged(quick, "quick"),
                await(LibvirtEvent.MetadataChanged.class, e -> true));
        assertTrue(connection.metadata(quick, Copy.LIVE).orElseThrow().contains("required"));
        assertFalse(connection.metadata(quick, Copy.PERSISTENT).orElseThrow().contains("required"));
        connection.setMetadata(quick, Copy.PERSISTENT, Optional.empty());
        await(LibvirtEvent.MetadataChanged.class, e -> true);
        assertEquals(Optional.empty(), connection.metadata(quick, Copy.PERSISTENT));
    }

    @Test
    @Order(4)
    @DisplayName("is not held up for one domain by another that is stuck in a hook")
    void stuckDomainHoldsUpNobody() throws Exception {
        slow = connection.define(domain("slow"));
        CompletableFuture<Void> start = CompletableFuture.runAsync(() -> {
            try {
                connection.start(slow);
            } catch (LibvirtException e) {
                throw new IllegalStateException(e);
            }
        });
        Awaitility.await("libvirt is in the hook")
                .atMost(Duration.ofMinutes(1))
                .until(() -> Files.exists(daemon.file("stuck")) || start.isDone());
        assertFalse(start.isDone());
        assertEquals(RunState.RUNNING, connection.state(quick).run());
        connection.xml(quick, Copy.LIVE);
        connection.suspend(quick);
        awaitChange(quick, Change.SUSPENDED);
        assertFalse(start.isDone());
        Files.createFile(daemon.file("go"));
        start.get(60, TimeUnit.SECONDS);
        awaitChange(slow, Change.STARTED);
        connection.destroy(slow);
    }

    @Test
    @Order(5)
    @DisplayName("dumps a paused guest's memory as an ELF file and leaves the guest paused")
    void dumpsMemory() throws Exception {
        Path core = daemon.file("core");
        connection.coreDump(quick, core);
        try (InputStream stream = Files.newInputStream(core)) {
            assertArrayEquals(new byte[] {0x7f, 'E', 'L', 'F'}, stream.readNBytes(4));
        }
        assertTrue(Files.size(core) > 64L << 20);
        assertEquals(RunState.PAUSED, connection.state(quick).run());
        connection.resume(quick);
    }

    @Test
    @Order(6)
    @DisplayName("comes back when libvirtd was restarted, with its events")
    void comesBack() throws Exception {
        EVENTS.clear();
        daemon.stop();
        await(LibvirtEvent.Disconnected.class, e -> true);
        LibvirtException e = assertThrows(LibvirtException.class, () -> connection.state(quick));
        assertEquals(Cause.NOT_CONNECTED, e.reason());
        daemon.start();
        await(LibvirtEvent.Connected.class, c -> true);
        assertEquals(RunState.RUNNING, connection.state(quick).run());
        connection.suspend(quick);
        awaitChange(quick, Change.SUSPENDED);
        connection.setMetadata(quick, Copy.LIVE, Optional.empty());
        await(LibvirtEvent.MetadataChanged.class, c -> true);
        connection.destroy(quick);
        awaitChange(quick, Change.STOPPED);
    }
}
