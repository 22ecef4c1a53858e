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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on the control socket and hands each question to a {@link ControlHandler}.
 *
 * <p>A connection carries one question. Each has a thread of its own, {@value #MAX_CONNECTIONS} at most; a further
 * one waits in the socket's backlog. Who connects and says nothing is cut off after {@value #PATIENCE_SECONDS} s.
 */
public final class ControlServer implements AutoCloseable {
    /** Connections served at a time. */
    static final int MAX_CONNECTIONS = 128;
    /** How long a peer may take to put its question. */
    static final int PATIENCE_SECONDS = 10;
    private static final int BACKLOG = 256;

    private static final Logger log = LoggerFactory.getLogger(ControlServer.class);

    private final Path socket;
    private final ServerSocketChannel listener;
    private final ControlHandler handler;
    private final PeerCredentials credentials;
    private final Semaphore slots = new Semaphore(MAX_CONNECTIONS);
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService patience = Executors.newSingleThreadScheduledExecutor(
            task -> daemonThread("control-patience", task));

    private ControlServer(Path socket, ServerSocketChannel listener, ControlHandler handler, String group) {
        this.socket = socket;
        this.listener = listener;
        this.handler = handler;
        this.credentials = new PeerCredentials(group);
    }

    /**
     * Opens the socket and begins to answer. A socket file that an earlier manager left is replaced, so make sure
     * before that no other manager runs.
     *
     * @param socket where; its folder must exist
     * @param group gets the socket (mode 0660), and may change things. If there is no such group, the socket is for
     *     the manager's own user and root alone
     * @param handler answers
     * @throws IOException the socket can't be made
     */
    public static ControlServer start(Path socket, String group, ControlHandler handler) throws IOException {
        // Bound under another name and renamed when its mode is right: nobody can connect in between.
        Path unready = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(unready);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(unready), BACKLOG);
            restrict(unready, group);
            Files.move(unready, socket, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            listener.close();
            Files.deleteIfExists(unready);
            throw e;
        }
        ControlServer server = new ControlServer(socket, listener, handler, group);
        daemonThread("control-accept", server::acceptLoop).start();
        return server;
    }

    private static void restrict(Path file, String group) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        try {
            GroupPrincipal principal = file.getFileSystem().getUserPrincipalLookupService()
                    .lookupPrincipalByGroupName(group);
            view.setGroup(principal);
            view.setPermissions(PosixFilePermissions.fromString("rw-rw----"));
        } catch (UserPrincipalNotFoundException e) {
            log.warn("there is no group {}: the control socket is for {} and root alone", group,
                    System.getProperty("user.name"));
            view.setPermissions(PosixFilePermissions.fromString("rw-------"));
        }
    }

    private void acceptLoop() {
        while (listener.isOpen()) {
            try {
                slots.acquire();
            } catch (InterruptedException e) {
                return;
            }
            try {
                SocketChannel channel = listener.accept();
                Connection connection = new Connection(channel, handler, credentials, patience);
                connections.add(connection);
                daemonThread("control", () -> serve(connection)).start();
            } catch (ClosedChannelException e) {
                return;
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
    public void close() {
        try {
            Files.deleteIfExists(socket);
            listener.close();
        } catch (IOException e) {
            log.warn("closing {}: {}", socket, e.toString());
        }
        connections.forEach(Connection::cutOff);
        patience.shutdownNow();
    }
}
