// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainByReference;
import org.libvirt.jna.DomainPointer;
import org.libvirt.jna.Libvirt;
import org.simvm.libvirt.LibvirtException.Cause;

/**
 * One native connection, from open to close, with its event registrations.
 *
 * <p>Calls of several threads share it. It is closed when nobody uses it any more, because libvirt
 * would read freed memory otherwise; a call that hangs keeps it open and nothing else.
 */
final class Session {

    private static final NativeLibvirt LIBVIRT = NativeLibvirt.INSTANCE;
    private static final int KEEP_ALIVE_SECONDS = 5;
    private static final int KEEP_ALIVE_COUNT = 3;
    private static final int LIST_MAXIMUM = 1 << 20;

    private final ConnectionPointer connection;
    private final EventCallbacks callbacks;
    private final CompletableFuture<String> lost;
    private final List<Integer> registrations = new ArrayList<>();
    private int users = 1; // the owner
    private boolean ended;

    private Session(
            ConnectionPointer connection,
            EventCallbacks callbacks,
            CompletableFuture<String> lost) {
        this.connection = connection;
        this.callbacks = callbacks;
        this.lost = lost;
    }

    /**
     * Connects and registers for events. Blocks for as long as libvirt's end takes.
     *
     * @param sink gets events on the event loop's thread; must return at once
     */
    static Session open(String uri, Consumer<LibvirtEvent> sink) throws LibvirtException {
        EventLoop.ensureRunning();
        ConnectionPointer connection =
                NativeErrors.check(LIBVIRT.virConnectOpen(uri), "connect to " + uri);
        CompletableFuture<String> lost = new CompletableFuture<>();
        EventCallbacks callbacks = new EventCallbacks(sink, lost::complete);
        Session session = new Session(connection, callbacks, lost);
        try {
            session.register(NativeLibvirt.EVENT_LIFECYCLE, callbacks.lifecycle());
            session.register(NativeLibvirt.EVENT_METADATA_CHANGE, callbacks.metadata());
        } catch (LibvirtException e) {
            session.end();
            throw e;
        }
        // Drivers without a daemon behind them have neither, and need neither.
        LIBVIRT.virConnectRegisterCloseCallback(connection, callbacks.close(), null, null);
        LIBVIRT.virConnectSetKeepAlive(connection, KEEP_ALIVE_SECONDS, KEEP_ALIVE_COUNT);
        return session;
    }

    private void register(int event, Libvirt.VirDomainEventCallback callback)
            throws LibvirtException {
        registrations.add(NativeErrors.check(
                LIBVIRT.virConnectDomainEventRegisterAny(
                        connection, null, event, callback, null, null),
                "register for events"));
    }

    /** Waits until libvirt closes the connection, and returns why. */
    String awaitLost() throws InterruptedException {
        try {
            return lost.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e); // nobody completes it so
        }
    }

    boolean isLost() {
        return lost.isDone();
    }

    /**
     * Ends the owner's use: no more events, and the connection is closed as soon as no call uses
     * it.
     */
    void end() {
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
        }
        for (int registration : registrations) {
            LIBVIRT.virConnectDomainEventDeregisterAny(connection, registration);
        }
        LIBVIRT.virConnectUnregisterCloseCallback(connection, callbacks.close());
        release();
    }

    private synchronized void acquire() throws LibvirtException {
        if (ended || lost.isDone()) {
            throw new LibvirtException(
                    Cause.NOT_CONNECTED, "there is no connection to libvirt at present");
        }
        users++;
    }

    private synchronized void release() {
        users--;
        if (users == 0) {
            LIBVIRT.virConnectClose(connection);
        }
    }

    /** A call that uses the connection. */
    interface ConnectionCall<T> {
        T run(ConnectionPointer connection) throws LibvirtException;
    }

    /** A call that uses one domain. */
    interface DomainCall<T> {
        T run(DomainPointer domain) throws LibvirtException;
    }

    <T> T call(ConnectionCall<T> call) throws LibvirtException {
        acquire();
        try {
            return call.run(connection);
        } catch (LibvirtException e) {
            // A call that the end of the connection cut short gets all kinds of errors.
            throw lost.isDone() ? new LibvirtException(Cause.NOT_CONNECTED, e.getMessage()) : e;
        } finally {
            release();
        }
    }

    <T> T call(UUID uuid, DomainCall<T> call) throws LibvirtException {
        return call(open -> {
            DomainPointer pointer = NativeErrors.check(
                    LIBVIRT.virDomainLookupByUUIDString(open, uuid.toString()),
                    "find domain " + uuid);
            try (DomainHandle handle = new DomainHandle(pointer)) {
                return call.run(handle.pointer());
            }
        });
    }

    /** Runs a call on every domain. */
    void forEachDomain(Consumer<DomainPointer> call) throws LibvirtException {
        this.<Void>call(open -> {
            DomainByReference reference = new DomainByReference();
            int count = NativeErrors.check(
                    LIBVIRT.virConnectListAllDomains(open, reference, 0), "list domains");
            Pointer array = reference.getValue();
            try {
                for (int i = 0; i < Math.min(count, LIST_MAXIMUM); i++) {
                    Pointer pointer = array.getPointer((long) i * Native.POINTER_SIZE);
                    try (DomainHandle handle = new DomainHandle(new DomainPointer(pointer))) {
                        call.accept(handle.pointer());
                    }
                }
            } finally {
                if (array != null) {
                    Native.free(Pointer.nativeValue(array));
                }
            }
            return null;
        });
    }
}
