// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is sent out of the manager, and where to.
 *
 * @param journal the host's journal
 * @param syslog empty: off
 * @param webhook empty: off
 * @param spoolBytes most bytes that wait on disk for one outlet
 */
public record OutletSettings(
        Journal journal, Optional<Syslog> syslog, Optional<Webhook> webhook, long spoolBytes) {
    /**
     * Words that name what may be sent, beside {@code event-N}; {@code event} stands for events of
     * every type.
     */
    public static final List<String> KINDS = List.of(
            "violation",
            "finding",
            "state",
            "audit",
            "manager",
            "event",
            "syscall",
            "fork",
            "exec",
            "exit",
            "module");

    /**
     * The journal.
     *
     * @param send kinds of notices and types of events; empty: off
     * @param socket where journald listens
     */
    public record Journal(Set<String> send, Path socket) {
        public Journal {
            send = Set.copyOf(send);
        }
    }

    /**
     * A syslog server.
     *
     * @param server {@code udp://}, {@code tcp://} or {@code tls://}, host and port
     */
    public record Syslog(Set<String> send, URI server) {
        public Syslog {
            send = Set.copyOf(send);
        }
    }

    /**
     * A receiver of JSON over HTTP.
     *
     * @param timeout how long it may take to answer
     * @param secret file with the key that requests are signed with; empty: unsigned
     */
    public record Webhook(Set<String> send, URI url, Duration timeout, Optional<Path> secret) {
        public Webhook {
            send = Set.copyOf(send);
        }
    }
}
