// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;
import org.libvirt.jna.Libvirt;
import org.simvm.libvirt.LibvirtEvent.Change;
import org.simvm.libvirt.LibvirtEvent.Lifecycle;
import org.simvm.libvirt.LibvirtEvent.MetadataChanged;
import org.simvm.settings.SimSettings;

/**
 * The functions that libvirt's event loop calls.
 *
 * <p>They run on the loop's thread, so they copy what they are given into a record, hand it on and
 * return; they call nothing that talks to libvirtd (which would wait for this very thread), and
 * they throw nothing (JNA would print it).
 */
final class EventCallbacks {

    private static final int UUID_BYTES = 16;

    /**
     * Every object of this class there ever was. libvirt may call it for a short while after it was
     * deregistered, and a callback that the garbage collector took crashes the JVM. There is one
     * for each connection of ours.
     */
    private static final Queue<EventCallbacks> KEPT = new ConcurrentLinkedQueue<>();

    private final Consumer<LibvirtEvent> sink;
    private final Consumer<String> lost;
    private final Libvirt.VirConnectDomainEventCallback lifecycle = this::onLifecycle;
    private final NativeLibvirt.MetadataChangeCallback metadata = this::onMetadata;
    private final Libvirt.VirConnectCloseFunc close = this::onClose;

    /**
     * Makes callbacks for one connection.
     *
     * @param sink gets events; must return at once
     * @param lost gets the reason when libvirt closes the connection; must return at once
     */
    EventCallbacks(Consumer<LibvirtEvent> sink, Consumer<String> lost) {
        this.sink = sink;
        this.lost = lost;
        KEPT.add(this);
    }

    Libvirt.VirDomainEventCallback lifecycle() {
        return lifecycle;
    }

    Libvirt.VirDomainEventCallback metadata() {
        return metadata;
    }

    Libvirt.VirConnectCloseFunc close() {
        return close;
    }

    private int onLifecycle(
            ConnectionPointer connection,
            DomainPointer domain,
            int event,
            int detail,
            Pointer opaque) {
        Change[] changes = Change.values(); // in the order of virDomainEventType, UNKNOWN last
        Change change = event >= 0 && event < changes.length ? changes[event] : Change.UNKNOWN;
        sink.accept(new Lifecycle(uuid(domain), name(domain), change, detail));
        return 0;
    }

    private void onMetadata(
            ConnectionPointer connection,
            DomainPointer domain,
            int type,
            String namespace,
            Pointer opaque) {
        if (type == NativeLibvirt.METADATA_ELEMENT && SimSettings.NAMESPACE.equals(namespace)) {
            sink.accept(new MetadataChanged(uuid(domain), name(domain)));
        }
    }

    private void onClose(ConnectionPointer connection, int reason, Pointer opaque) {
        lost.accept(
                switch (reason) { // virConnectCloseReason
                    case 0 -> "libvirt's end failed";
                    case 1 -> "libvirt's end was closed";
                    case 2 -> "no answer to keep-alive messages";
                    case 3 -> "closed by the client";
                    default -> "reason " + reason;
                });
    }

    /** Both of these read what the handle carries and send nothing. */
    static UUID uuid(DomainPointer domain) {
        byte[] bytes = new byte[UUID_BYTES];
        NativeLibvirt.INSTANCE.virDomainGetUUID(domain, bytes);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(), buffer.getLong());
    }

    static String name(DomainPointer domain) {
        return NativeLibvirt.INSTANCE.virDomainGetName(domain);
    }
}
