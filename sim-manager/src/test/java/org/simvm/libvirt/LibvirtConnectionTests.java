// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.libvirt.Domains.Copy;
import org.simvm.libvirt.Domains.RunState;
import org.simvm.libvirt.LibvirtEvent.Change;
import org.simvm.libvirt.LibvirtException.Cause;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.MonitorSettings;
import org.simvm.settings.SimSettingsReader;

@Tag("integration")
@DisplayName("A connection to libvirt (its test driver)")
@Timeout(60)
class LibvirtConnectionTests {

    private static final UUID WEB = UUID.fromString("5d3f2b1e-6c2c-4a77-9a51-2f0c8d3c1e90");
    private static final Path LAUNCHER = Path.of("/usr/bin/qemu-system-x86_64-sim");

    @TempDir
    private Path directory;

    private Path node;
    private final BlockingQueue<LibvirtEvent> events = new LinkedBlockingQueue<>();
    private LibvirtConnection connection;

    @BeforeAll
    static void needsLibvirt() {
        boolean present;
        try {
            NativeLibrary.getInstance("virt");
            present = true;
        } catch (UnsatisfiedLinkError e) {
            present = false;
        }
        assumeTrue(present, "libvirt.so.0 is not installed (Debian: libvirt0)");
    }

    @BeforeEach
    void connect() throws Exception {
        node = directory.resolve("node.xml");
        writeNode();
        connection = new LibvirtConnection("test://" + node).start(events::add);
        assertTrue(connection.awaitConnected(Duration.ofSeconds(20)), "connected");
        assertEquals(
                new LibvirtEvent.Connected("test://" + node), events.poll(5, TimeUnit.SECONDS));
    }

    @AfterEach
    void disconnect() {
        if (connection != null) {
            connection.close();
        }
    }

    private void writeNode() throws IOException {
        Files.writeString(
                node,
                "<node><domain type='test'><name>web1</name><uuid>" + WEB + "</uuid>"
                        + "<memory>65536</memory><os><type>hvm</type></os></domain></node>");
    }

    private <E extends LibvirtEvent> E await(Class<E> type, Predicate<E> wanted)
            throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            LibvirtEvent event = events.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            assertNotNull(event, () -> "no " + type.getSimpleName() + " event");
            if (type.isInstance(event) && wanted.test(type.cast(event))) {
                return type.cast(event);
            }
        }
    }

    private Cause reason(Executable call) {
        LibvirtException e = assertThrows(LibvirtException.class, call);
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        return e.reason();
    }

    @Test
    @DisplayName("lists domains and describes them")
    void lists() throws Exception {
        assertEquals(List.of(new Domains.Domain(WEB, "web1", true, true)), connection.list());
        assertTrue(connection.xml(WEB, Copy.LIVE).contains("<name>web1</name>"));
        assertEquals(RunState.RUNNING, connection.state(WEB).run());
    }

    @Test
    @DisplayName("sets, reads and removes settings, and tells of each change")
    void metadata() throws Exception {
        assertEquals(Optional.empty(), connection.metadata(WEB, Copy.LIVE));
        connection.setMetadata(
                WEB, Copy.LIVE, Optional.of("<sim required='yes'><monitor name='process'/></sim>"));
        assertEquals(
                new LibvirtEvent.MetadataChanged(WEB, "web1"),
                await(LibvirtEvent.MetadataChanged.class, e -> true));

        String stripped = connection.metadata(WEB, Copy.LIVE).orElseThrow();
        String whole = connection.xml(WEB, Copy.LIVE);
        assertFalse(stripped.contains("sim:"), stripped);
        assertTrue(whole.contains("<sim:sim xmlns:sim="), whole);
        assertEquals(
                SimSettingsReader.read(DomainDocument.parse(stripped, "a")),
                SimSettingsReader.read(DomainDocument.parse(whole, "a")));
        assertEquals(
                List.of("process"),
                SimSettingsReader.read(DomainDocument.parse(whole, "a"))
                        .orElseThrow()
                        .monitors()
                        .stream()
                        .map(MonitorSettings::name)
                        .toList());

        connection.setMetadata(WEB, Copy.LIVE, Optional.empty());
        assertEquals(
                new LibvirtEvent.MetadataChanged(WEB, "web1"),
                await(LibvirtEvent.MetadataChanged.class, e -> true));
        assertEquals(
                Optional.empty(),
                SimSettingsReader.read(DomainDocument.parse(connection.xml(WEB, Copy.LIVE), "a")));
    }

    @Test
    @DisplayName("keeps the two copies apart")
    void twoCopies() throws Exception {
        connection.setMetadata(WEB, Copy.PERSISTENT, Optional.of("<sim/>"));
        assertTrue(connection.metadata(WEB, Copy.PERSISTENT).isPresent());
        assertEquals(Optional.empty(), connection.metadata(WEB, Copy.LIVE));
    }

    @Test
    @DisplayName("pauses, resumes and destroys, and tells of it")
    void lifeCycle() throws Exception {
        connection.suspend(WEB);
        await(
                LibvirtEvent.Lifecycle.class,
                e -> e.domain().equals(WEB) && e.change() == Change.SUSPENDED);
        assertEquals(RunState.PAUSED, connection.state(WEB).run());
        connection.suspend(WEB);
        connection.resume(WEB);
        await(LibvirtEvent.Lifecycle.class, e -> e.change() == Change.RESUMED);
        connection.destroy(WEB);
        await(LibvirtEvent.Lifecycle.class, e -> e.change() == Change.STOPPED);
        assertEquals(RunState.SHUT_OFF, connection.state(WEB).run());
        connection.destroy(WEB);
        connection.start(WEB);
        LibvirtEvent.Lifecycle started =
                await(LibvirtEvent.Lifecycle.class, e -> e.change() == Change.STARTED);
        assertEquals("web1", started.name());
    }

    @Test
    @DisplayName("brings a transformed domain to libvirt and back")
    void transformRoundTrip() throws Exception {
        String before = connection.xml(WEB, Copy.PERSISTENT);
        DomainTransform transform = new DomainTransform(LAUNCHER);
        // The transform serves KVM and QEMU on x86-64 alone, the test driver test domains on i686
        // alone.
        DomainTransform.Result applied = transform.apply(DomainDocument.parse(
                before.replace("type='test'", "type='qemu'")
                        .replace("arch='i686'", "arch='x86_64'"),
                "web1"));
        assertEquals(
                WEB,
                connection.define(applied.xml()
                        .replace("type='qemu'", "type='test'")
                        .replace("arch='x86_64'", "arch='i686'")));
        await(LibvirtEvent.Lifecycle.class, e -> e.change() == Change.DEFINED);
        String defined = connection.xml(WEB, Copy.PERSISTENT);
        assertTrue(defined.contains("<emulator>" + LAUNCHER + "</emulator>"), defined);

        String removed = transform
                .remove(DomainDocument.parse(defined, "web1"), applied.previousEmulator())
                .xml();
        connection.define(removed);
        assertEquals(before, connection.xml(WEB, Copy.PERSISTENT));
    }

    @Test
    @DisplayName("says what went wrong, in one line and by cause")
    void errors() {
        UUID nobody = new UUID(1, 2);
        assertEquals(Cause.NO_DOMAIN, reason(() -> connection.state(nobody)));
        assertEquals(Cause.NO_DOMAIN, reason(() -> connection.metadata(nobody, Copy.LIVE)));
        assertEquals(Cause.INVALID_XML, reason(() -> connection.define("<domain")));
        LibvirtException again = assertThrows(LibvirtException.class, () -> connection.start(WEB));
        assertTrue(
                again.getMessage().startsWith("cannot start domain web1 (" + WEB + "): "),
                again.getMessage());
        assertTrue(again.getMessage().contains("already running"), again.getMessage());
    }

    @Test
    @DisplayName("speaks UTF-8 with libvirt in a process whose locale is ASCII, as a service's is")
    void speaksUtf8() throws Exception {
        Files.writeString(node, Files.readString(node).replace("web1", "w\u00e9b"));
        ProcessBuilder builder = new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")),
                AsciiLocaleProgram.class.getName(),
                node.toString());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.redirectErrorStream(true).start();
        String output =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertEquals(0, process.waitFor(), output);
        // A JDK before 18 says US-ASCII first, a newer one UTF-8.
        assertTrue(output.endsWith(" true true\n"), output);
    }

    @Test
    @DisplayName("refuses calls once it is closed, and tells nothing more")
    void closed() throws Exception {
        LibvirtConnection other = new LibvirtConnection("test://" + node).start(e -> {});
        assertTrue(other.awaitConnected(Duration.ofSeconds(20)));
        other.close();
        assertFalse(other.isConnected());
        assertEquals(Cause.NOT_CONNECTED, reason(other::list));
        assertFalse(other.awaitConnected(Duration.ofMillis(10)));
    }

    @Test
    @DisplayName("is made as soon as there is something to connect to")
    void connectsLater() throws Exception {
        Path late = directory.resolve("late.xml");
        BlockingQueue<LibvirtEvent> lateEvents = new LinkedBlockingQueue<>();
        try (LibvirtConnection other =
                new LibvirtConnection("test://" + late).start(lateEvents::add)) {
            assertFalse(other.awaitConnected(Duration.ofMillis(300)));
            assertEquals(Cause.NOT_CONNECTED, reason(other::list));
            Files.copy(node, late);
            assertTrue(other.awaitConnected(Duration.ofSeconds(20)));
            assertInstanceOf(LibvirtEvent.Connected.class, lateEvents.poll(5, TimeUnit.SECONDS));
            assertEquals(1, other.list().size());
        }
    }

    @Test
    @DisplayName("outlives a listener that throws, and a listener that calls back")
    void listenerThrowsAndCalls() throws Exception {
        ConcurrentLinkedQueue<RunState> seen = new ConcurrentLinkedQueue<>();
        CountDownLatch twice = new CountDownLatch(2);
        LibvirtConnection[] self = new LibvirtConnection[1];
        CountDownLatch ready = new CountDownLatch(1);
        try (LibvirtConnection other = new LibvirtConnection("test://" + node).start(event -> {
            if (event instanceof LibvirtEvent.Lifecycle) {
                try {
                    ready.await();
                    seen.add(self[0].state(WEB).run());
                } catch (LibvirtException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                twice.countDown();
                throw new IllegalStateException("a listener's mistake, on purpose");
            }
        })) {
            self[0] = other;
            ready.countDown();
            assertTrue(other.awaitConnected(Duration.ofSeconds(20)));
            other.suspend(WEB);
            other.resume(WEB);
            assertTrue(twice.await(10, TimeUnit.SECONDS));
            assertEquals(2, seen.size());
        }
    }

    @Test
    @DisplayName("serves several threads at once, while it is closed too")
    void severalThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            LibvirtConnection other = new LibvirtConnection("test://" + node).start(e -> {});
            assertTrue(other.awaitConnected(Duration.ofSeconds(20)));
            CountDownLatch warm = new CountDownLatch(4);
            List<Future<Integer>> counts = IntStream.range(0, 4)
                    .mapToObj(i -> threads.submit(() -> {
                        int calls = 0;
                        while (true) {
                            try {
                                assertEquals(1, other.list().size());
                                assertTrue(other.xml(WEB, Copy.LIVE).contains("web1"));
                                calls++;
                                if (calls == 50) {
                                    warm.countDown();
                                }
                            } catch (LibvirtException e) {
                                assertEquals(Cause.NOT_CONNECTED, e.reason(), e.getMessage());
                                return calls;
                            }
                        }
                    }))
                    .toList();
            assertTrue(warm.await(20, TimeUnit.SECONDS));
            other.close();
            for (Future<Integer> count : counts) {
                assertTrue(count.get(10, TimeUnit.SECONDS) >= 50);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
