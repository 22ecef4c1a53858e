// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.simvm.libvirt.LibvirtException.Cause;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to one libvirt URI that comes back by itself.
 *
 * <p>Starting returns at once. A thread connects, waits for libvirt to close the connection
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
public final class LibvirtConnection extends LibvirtDomains implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LibvirtConnection.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final String uri;
    private Consumer<LibvirtEvent> listener = event -> {};
    private final BlockingQueue<LibvirtEvent> events = new LinkedBlockingQueue<>();
    private final Thread connector;
    private final Thread dispatcher;
    private final Object stateChange = new Object();
    private volatile Session session;
    private volatile boolean closed;

    /**
     * Makes one that does nothing until it is started.
     *
     * @param uri as for {@code virsh -c}
     */
    public LibvirtConnection(String uri) {
        this.uri = uri;
        connector = daemonThread("libvirt-connection", this::keepConnected);
        dispatcher = daemonThread("libvirt-events", this::dispatch);
    }

    /**
     * Starts to connect, and to hand events to a listener. To be called once.
     *
     * @param listener called on a thread of this connection's; what it throws is logged
     * @return this
     */
    public LibvirtConnection start(Consumer<LibvirtEvent> listener) {
        this.listener = listener;
        dispatcher.start();
        connector.start();
        return this;
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
    Session session() throws LibvirtException {
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
