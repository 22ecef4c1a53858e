// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on a control socket and hands each question to a {@link ControlHandler}.
 *
 * <p>A connection carries one question. Each has a thread of its own, {@value #MAX_CONNECTIONS} at
 * most; a further one waits in the socket's backlog. Who connects and says nothing is cut off after
 * {@value #TIMEOUT_SECONDS} s. A socket file that somebody removed is made anew within
 * {@value #LOOK_SECONDS} s.
 */
public final class ControlServer implements AutoCloseable {
    /** Connections served at a time. */
    static final int MAX_CONNECTIONS = 128;
    /** Likewise by the read-only socket, which everybody can connect to. */
    static final int MAX_READ_ONLY_CONNECTIONS = 32;
    /** How long a peer may take to put its question. */
    static final int TIMEOUT_SECONDS = 10;

    static final int LOOK_SECONDS = 2;
    private static final int BACKLOG = 256;

    private static final Logger log = LoggerFactory.getLogger(ControlServer.class);

    private final Path socket;
    private final ControlHandler handler;
    private final PeerCredentials credentials;
    private final Semaphore slots;
    private final Thread acceptor;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService timeouts = Executors.newSingleThreadScheduledExecutor(
            task -> daemonThread("control-timeouts", task));
    private volatile ServerSocketChannel listener;
    private volatile boolean closed;
    private boolean complained;

    private ControlServer(
            Path socket, ControlHandler handler, PeerCredentials credentials, int connections)
            throws IOException {
        this.socket = socket;
        this.handler = handler;
        this.credentials = credentials;
        this.slots = new Semaphore(connections);
        this.listener = bind();
        this.acceptor = daemonThread("control-accept", this::acceptLoop);
    }

    /**
     * Opens the socket and begins to answer. A socket file that an earlier manager left is
     * replaced, so make sure before that no other manager runs.
     *
     * @param socket where; its folder must exist
     * @param group gets the socket (mode 0660), and may change things. If there is no such group,
     *     the socket is for the manager's own user and root alone
     * @param handler answers
     * @throws IOException the socket can't be made
     */
    public static ControlServer start(Path socket, String group, ControlHandler handler)
            throws IOException {
        return start(new ControlServer(
                socket, handler, new PeerCredentials(group, false), MAX_CONNECTIONS));
    }

    /**
     * Likewise for a socket that everybody may connect to, and that nothing can be changed by, not
     * even by root. It has connections of its own, so that who uses them up hinders nobody at the
     * other socket.
     */
    public static ControlServer startReadOnly(Path socket, ControlHandler handler)
            throws IOException {
        return start(new ControlServer(
                socket, handler, new PeerCredentials("", true), MAX_READ_ONLY_CONNECTIONS));
    }

    private static ControlServer start(ControlServer server) {
        server.acceptor.start();
        ScheduledFuture<?> unused = server.timeouts.scheduleWithFixedDelay(
                server::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
        return server;
    }

    /**
     * Binds under another name and renames when the mode is right: nobody can connect in between.
     */
    private ServerSocketChannel bind() throws IOException {
        Path unready = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(unready);
        ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            made.bind(UnixDomainSocketAddress.of(unready), BACKLOG);
            restrict(unready);
            Files.move(unready, socket, StandardCopyOption.ATOMIC_MOVE);
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            Files.deleteIfExists(unready);
            throw e;
        }
    }

    private void restrict(Path file) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (credentials.readOnly()) {
            view.setPermissions(PosixFilePermissions.fromString("rw-rw-rw-"));
            return;
        }
        try {
            GroupPrincipal principal = file.getFileSystem()
                    .getUserPrincipalLookupService()
                    .lookupPrincipalByGroupName(credentials.group());
            view.setGroup(principal);
            view.setPermissions(PosixFilePermissions.fromString("rw-rw----"));
        } catch (UserPrincipalNotFoundException e) {
            log.warn(
                    "there is no group {}: the control socket is for {} and root alone",
                    credentials.group(),
                    System.getProperty("user.name"));
            view.setPermissions(PosixFilePermissions.fromString("rw-------"));
        }
    }

    /**
     * Gives the socket to another group; who is connected stays connected.
     *
     * @throws IOException the socket's file can't be changed
     */
    public synchronized void group(String group) throws IOException {
        credentials.group(group);
        restrict(socket);
    }

    /** Makes the socket anew if its file was removed, for nobody could connect any more. */
    private synchronized void look() {
        if (closed || Files.exists(socket)) {
            return;
        }
        try {
            ServerSocketChannel before = listener;
            listener = bind();
            before.close(); // the acceptor goes on with the new one
            complained = false;
            log.warn("{} was removed and has been made anew", socket);
        } catch (IOException e) {
            if (!complained) { // once: it is tried again and again
                log.error("{} was removed and can't be made anew: {}", socket, e.toString());
            }
            complained = true;
        }
    }

    /** Returns what is wrong, one line: nobody answers any more, or nobody can ask. */
    public Optional<String> healthProblem() {
        if (!acceptor.isAlive()) {
            return Optional.of("nobody answers on " + socket);
        }
        return timeouts.isShutdown()
                ? Optional.of("nobody looks after " + socket)
                : Optional.empty();
    }

    private void acceptLoop() {
        while (!closed) {
            try {
                slots.acquire();
            } catch (InterruptedException e) {
                return;
            }
            ServerSocketChannel current = listener;
            try {
                SocketChannel channel = current.accept();
                Connection connection = new Connection(channel, handler, credentials, timeouts);
                connections.add(connection);
                daemonThread("control", () -> serve(connection)).start();
            } catch (ClosedChannelException e) {
                slots.release();
            } catch (IOException | OutOfMemoryError e) {
                slots.release();
                log.error("can't take a connection on {}: {}", socket, e.toString());
                pauseAfterFailure();
            }
        }
    }

    private void serve(Connection connection) {
        try {
            connection.run();
        } finally {
            connections.remove(connection);
            slots.release();
        }
    }

    /** accept(2) fails at once while file descriptors are out; don't spin meanwhile. */
    private static void pauseAfterFailure() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Thread daemonThread(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Stops listening, removes the socket file and cuts all connections off. */
    @Override
    public synchronized void close() {
        closed = true;
        try {
            Files.deleteIfExists(socket);
            listener.close();
        } catch (IOException e) {
            log.warn("closing {}: {}", socket, e.toString());
        }
        connections.forEach(Connection::cutOff);
        timeouts.shutdownNow();
    }
}
