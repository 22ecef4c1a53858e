// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.util.UUID;

/** Something that happened at libvirt. */
public sealed interface LibvirtEvent {

    /**
     * A connection was made, the first one or again. What happened before is not told: list the
     * domains.
     *
     * @param uri of the connection
     */
    record Connected(String uri) implements LibvirtEvent {}

    /**
     * The connection was lost; it is being made again.
     *
     * @param reason one line
     */
    record Disconnected(String reason) implements LibvirtEvent {}

    /** What changed in a domain's life. */
    enum Change {
        DEFINED,
        UNDEFINED,
        STARTED,
        SUSPENDED,
        RESUMED,
        STOPPED,
        SHUTDOWN,
        PM_SUSPENDED,
        CRASHED,
        UNKNOWN
    }

    /**
     * A domain's life went on.
     *
     * @param detail libvirt's number for the reason ({@code virDomainEventStartedDetailType}, ...
     *     by {@code change})
     */
    record Lifecycle(UUID domain, String name, Change change, int detail) implements LibvirtEvent {}

    /**
     * A domain's {@code sim} element was set, changed or removed, in at least one of its copies.
     */
    record MetadataChanged(UUID domain, String name) implements LibvirtEvent {}
}
