// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import com.sun.jna.ptr.IntByReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.libvirt.jna.CString;
import org.libvirt.jna.DomainPointer;
import org.simvm.libvirt.LibvirtException.Cause;
import org.simvm.settings.SimSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to one libvirt URI that comes back by itself.
 *
 * <p>Opening returns at once. A thread connects, waits for libvirt to close the connection
 * (libvirtd is restarted, or exits because it is idle), and connects again: after half a second,
 * then twice as long each time, 30 seconds at most, a random part less so that not everything on a
 * host comes back at once. While there is no connection, calls fail with
 * {@link LibvirtException.Cause#NOT_CONNECTED}.
 *
 * <p>Events are handed to the listener in the order in which libvirt sent them, one at a time, on a
 * thread that is neither libvirt's nor a caller's. Between {@code Disconnected} and
 * {@code Connected} events may be missed, so a listener lists the domains at each
 * {@code Connected}. Events wait in memory without limit for the listener: it should hand long work
 * to others.
 */
public final class LibvirtConnection implements Domains, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LibvirtConnection.class);
    private static final NativeLibvirt LIBVIRT = NativeLibvirt.INSTANCE;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final String uri;
    private final Consumer<LibvirtEvent> listener;
    private final BlockingQueue<LibvirtEvent> events = new LinkedBlockingQueue<>();
    private final Thread connector;
    private final Thread dispatcher;
    private final Object stateChange = new Object();
    private volatile Session session;
    private volatile boolean closed;

    private LibvirtConnection(String uri, Consumer<LibvirtEvent> listener) {
        this.uri = uri;
        this.listener = listener;
        connector = daemonThread("libvirt-connection", this::keepConnected);
        dispatcher = daemonThread("libvirt-events", this::dispatch);
    }

    /**
     * Starts to connect, and to hand events to the listener.
     *
     * @param uri as for {@code virsh -c}
     * @param listener called on a thread of this connection's; what it throws is logged
     */
    public static LibvirtConnection open(String uri, Consumer<LibvirtEvent> listener) {
        LibvirtConnection connection = new LibvirtConnection(uri, listener);
        connection.dispatcher.start();
        connection.connector.start();
        return connection;
    }

    /** Tells whether there is a connection at present. */
    public boolean isConnected() {
        Session current = session;
        return current != null && !current.isLost();
    }

    /**
     * Returns what is wrong, one line: not that libvirt is away, but that nobody tries to reach it,
     * or hears it.
     */
    public Optional<String> healthProblem() {
        if (!connector.isAlive()) {
            return Optional.of("nobody keeps the connection to " + uri);
        }
        return dispatcher.isAlive()
                ? Optional.empty()
                : Optional.of("nobody hears the events of " + uri);
    }

    /** Waits for a connection; returns false if there is none in time. */
    public boolean awaitConnected(Duration timeout) throws InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        synchronized (stateChange) {
            while (!isConnected()) {
                long left = end - System.nanoTime();
                if (left <= 0 || closed) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(stateChange, left);
            }
            return true;
        }
    }

    /**
     * Closes the connection. Calls under way are left to end by themselves; no event comes after
     * this returned.
     */
    @Override
    public void close() {
        closed = true;
        connector.interrupt();
        join(connector);
        dispatcher.interrupt();
        if (Thread.currentThread() != dispatcher) {
            join(dispatcher);
        }
    }

    @Override
    public List<Domain> list() throws LibvirtException {
        List<Domain> domains = new ArrayList<>();
        session().forEachDomain(domain -> {
            int active = LIBVIRT.virDomainIsActive(domain);
            int persistent = LIBVIRT.virDomainIsPersistent(domain);
            if (active >= 0 && persistent >= 0) { // else it vanished
                domains.add(new Domain(
                        EventCallbacks.uuid(domain),
                        EventCallbacks.name(domain),
                        active == 1,
                        persistent == 1));
            }
        });
        return domains;
    }

    @Override
    public String xml(UUID uuid, Copy copy) throws LibvirtException {
        int flags = copy == Copy.PERSISTENT ? NativeLibvirt.XML_INACTIVE : 0;
        return session().call(uuid, domain -> {
            String what = "read the XML of " + label(domain);
            return text(LIBVIRT.virDomainGetXMLDesc(domain, flags), what);
        });
    }

    @Override
    public UUID define(String xml) throws LibvirtException {
        return session().call(connection -> {
            DomainPointer pointer = NativeErrors.check(
                    LIBVIRT.virDomainDefineXMLFlags(connection, xml, 0), "define a domain");
            try (DomainHandle handle = new DomainHandle(pointer)) {
                return EventCallbacks.uuid(handle.pointer());
            }
        });
    }

    @Override
    public Optional<String> metadata(UUID uuid, Copy copy) throws LibvirtException {
        return session().call(uuid, domain -> {
            String what = "read the SIM settings of " + label(domain);
            CString fragment = LIBVIRT.virDomainGetMetadata(
                    domain, NativeLibvirt.METADATA_ELEMENT, SimSettings.NAMESPACE, affected(copy));
            if (fragment == null && NativeErrors.isNoMetadata()) {
                return Optional.empty();
            }
            return Optional.of(text(fragment, what));
        });
    }

    @Override
    public void setMetadata(UUID uuid, Copy copy, Optional<String> fragment)
            throws LibvirtException {
        change(
                uuid,
                "set the SIM settings of",
                domain -> LIBVIRT.virDomainSetMetadata(
                        domain,
                        NativeLibvirt.METADATA_ELEMENT,
                        fragment.orElse(null),
                        SimSettings.PREFIX,
                        SimSettings.NAMESPACE,
                        affected(copy)));
    }

    @Override
    public State state(UUID uuid) throws LibvirtException {
        return session().call(uuid, LibvirtConnection::state);
    }

    @Override
    public void start(UUID uuid) throws LibvirtException {
        change(uuid, "start", LIBVIRT::virDomainCreate);
    }

    @Override
    public void suspend(UUID uuid) throws LibvirtException {
        change(
                uuid,
                "pause",
                domain -> state(domain).run() == RunState.PAUSED
                        ? 0
                        : LIBVIRT.virDomainSuspend(domain));
    }

    @Override
    public void resume(UUID uuid) throws LibvirtException {
        change(uuid, "resume", LIBVIRT::virDomainResume);
    }

    @Override
    public void destroy(UUID uuid) throws LibvirtException {
        change(
                uuid,
                "destroy",
                domain -> LIBVIRT.virDomainIsActive(domain) == 0
                        ? 0
                        : LIBVIRT.virDomainDestroy(domain));
    }

    @Override
    public void coreDump(UUID uuid, Path file) throws LibvirtException {
        change(
                uuid,
                "dump the memory of",
                domain -> LIBVIRT.virDomainCoreDumpWithFormat(
                        domain,
                        file.toString(),
                        NativeLibvirt.CORE_DUMP_RAW,
                        NativeLibvirt.DUMP_MEMORY_ONLY));
    }

    private interface DomainChange {
        int run(DomainPointer domain) throws LibvirtException;
    }

    private void change(UUID uuid, String verb, DomainChange change) throws LibvirtException {
        session().<Void>call(uuid, domain -> {
            String what = verb + " " + label(domain);
            NativeErrors.check(change.run(domain), what);
            return null;
        });
    }

    private static State state(DomainPointer domain) throws LibvirtException {
        IntByReference state = new IntByReference();
        IntByReference reason = new IntByReference();
        NativeErrors.check(
                LIBVIRT.virDomainGetState(domain, state, reason, 0), "read the state of a domain");
        RunState[] states = RunState.values(); // in the order of virDomainState, UNKNOWN last
        int number = state.getValue();
        return new State(
                number >= 0 && number < states.length ? states[number] : RunState.UNKNOWN,
                reason.getValue());
    }

    /** Copies text that libvirt allocated, and frees it. */
    private static String text(CString allocated, String what) throws LibvirtException {
        return NativeErrors.check(allocated, what).toString();
    }

    private static int affected(Copy copy) {
        return copy == Copy.PERSISTENT ? NativeLibvirt.AFFECT_CONFIG : 0;
    }

    /**
     * Names a domain in messages. Made before a call: each of these functions forgets the last
     * error.
     */
    private static String label(DomainPointer domain) {
        return "domain " + EventCallbacks.name(domain) + " (" + EventCallbacks.uuid(domain) + ")";
    }

    private Session session() throws LibvirtException {
        Session current = session;
        if (current == null) {
            throw new LibvirtException(
                    Cause.NOT_CONNECTED, "there is no connection to " + uri + " at present");
        }
        return current;
    }

    private void keepConnected() {
        Duration pause = FIRST_PAUSE;
        boolean complained = false;
        while (!closed) {
            try {
                Session opened = Session.open(uri, events::add);
                try {
                    enter(opened);
                    complained = false;
                    pause = FIRST_PAUSE;
                    String reason = opened.awaitLost();
                    LOG.warn("the connection to {} was lost: {}", uri, reason);
                    leave();
                    events.add(new LibvirtEvent.Disconnected(reason));
                } finally {
                    leave();
                    opened.end();
                }
            } catch (LibvirtException e) {
                if (!complained) { // once for each loss: it is tried for ever
                    LOG.warn(
                            "{}; trying again, at least every {} s",
                            e.getMessage(),
                            LONGEST_PAUSE.toSeconds());
                    complained = true;
                }
            } catch (InterruptedException e) {
                return;
            }
            try {
                long millis = pause.toMillis();
                TimeUnit.MILLISECONDS.sleep(
                        ThreadLocalRandom.current().nextLong(millis / 2, millis));
            } catch (InterruptedException e) {
                return;
            }
            Duration twice = pause.multipliedBy(2);
            pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
        }
    }

    private void enter(Session opened) {
        LOG.info("connected to {}", uri);
        session = opened; // before the event, so that the listener's first call finds it
        events.add(new LibvirtEvent.Connected(uri));
        wakeWaiters();
    }

    private void leave() {
        session = null;
        wakeWaiters();
    }

    private void wakeWaiters() {
        synchronized (stateChange) {
            stateChange.notifyAll();
        }
    }

    private void dispatch() {
        while (!closed) {
            try {
                LibvirtEvent event = events.take();
                listener.accept(event);
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("the listener failed on a libvirt event", e);
            }
        }
    }

    private static Thread daemonThread(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        return thread;
    }

    private static void join(Thread thread) {
        try {
            thread.join(CLOSE_TIMEOUT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
