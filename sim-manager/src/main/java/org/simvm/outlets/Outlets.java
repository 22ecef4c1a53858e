// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.simvm.settings.OutletSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All outlets of a manager. Notices may come from any thread, at any time, {@link #configure}
 * included.
 */
public final class Outlets implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Outlets.class);

    private final Path directory;
    private final String host;
    private final long firstPause;
    private final ConcurrentHashMap<String, Outlet> outlets = new ConcurrentHashMap<>();

    /**
     * Makes outlets that send nothing yet.
     *
     * @param directory where spools lie
     */
    public Outlets(Path directory) {
        this(directory, hostName(), DeliveryWorker.FIRST_PAUSE_MS);
    }

    /**
     * Makes outlets for tests.
     *
     * @param firstPause milliseconds until a delivery that failed is tried again
     */
    Outlets(Path directory, String host, long firstPause) {
        this.directory = directory;
        this.host = host;
        this.firstPause = firstPause;
    }

    private static String hostName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return InetAddress.getLoopbackAddress().getHostName();
        }
    }

    /**
     * Takes settings, at the start and whenever they change. A spool that can't be opened is said
     * in the log.
     */
    public synchronized void configure(OutletSettings settings) {
        OutletSettings.Journal journal = settings.journal();
        // A host without journald is no fault; a journald that goes away later is.
        boolean journald = Files.isDirectory(journal.socket().toAbsolutePath().getParent());
        if (!journal.send().isEmpty() && journald) {
            on(
                    "journal",
                    journal.send(),
                    settings.spoolBytes(),
                    journal.socket(),
                    () -> new JournalTransport(journal.socket()));
        } else {
            off("journal");
        }
        if (settings.syslog().isPresent() && !settings.syslog().get().send().isEmpty()) {
            OutletSettings.Syslog syslog = settings.syslog().get();
            on(
                    "syslog",
                    syslog.send(),
                    settings.spoolBytes(),
                    syslog.server(),
                    () -> new SyslogTransport(syslog.server()));
        } else {
            off("syslog");
        }
        if (settings.webhook().isPresent() && !settings.webhook().get().send().isEmpty()) {
            OutletSettings.Webhook webhook = settings.webhook().get();
            on(
                    "webhook",
                    webhook.send(),
                    settings.spoolBytes(),
                    List.of(webhook.url(), webhook.timeout(), webhook.secret()),
                    () -> new WebhookTransport(webhook, host));
        } else {
            off("webhook");
        }
    }

    private void on(
            String name,
            Set<String> send,
            long maxBytes,
            Object settings,
            Outlet.Factory transport) {
        Outlet outlet = outlets.get(name);
        if (outlet == null) {
            try {
                outlet = new Outlet(
                        name, new Spool(directory.resolve(name), host, maxBytes), firstPause);
                outlets.put(name, outlet);
            } catch (IOException e) {
                log.error(
                        "outlet {}: nothing is sent, its spool {} can't be opened: {}",
                        name,
                        directory.resolve(name),
                        e.toString());
                return;
            }
        }
        outlet.configure(send, maxBytes, settings, transport);
    }

    private void off(String name) {
        Outlet outlet = outlets.get(name);
        if (outlet != null) {
            outlet.off();
        }
    }

    /** Sends a notice to every outlet that wants its kind. */
    public void accept(Notice notice) {
        byte[] line = null;
        for (Outlet outlet : outlets.values()) {
            if (outlet.wants(notice.kind().word())) {
                line = line == null ? notice.line(host) : line;
                outlet.append(List.of(line));
            }
        }
    }

    /** Tells which outlets want events of a type; asked for every event. */
    List<Outlet> wanting(String kind) {
        boolean any = false;
        for (Outlet outlet : outlets.values()) {
            any |= outlet.wants(kind) || outlet.wants(Notice.Kind.EVENT.word());
        }
        return !any
                ? List.of()
                : outlets.values().stream()
                        .filter(outlet ->
                                outlet.wants(kind) || outlet.wants(Notice.Kind.EVENT.word()))
                        .toList();
    }

    String host() {
        return host;
    }

    /** Tells how each outlet is that was ever on, by name. */
    public List<OutletStatus> status() {
        return outlets.values().stream()
                .map(Outlet::status)
                .sorted(Comparator.comparing(OutletStatus::name))
                .toList();
    }

    /** Returns what is wrong with the outlets themselves, not with their receivers. */
    public Optional<String> healthProblem() {
        return outlets.values().stream()
                .filter(outlet -> !outlet.healthy())
                .findFirst()
                .map(outlet -> "the thread of outlet " + outlet.name() + " has ended");
    }

    /**
     * Delivers what can be delivered within moments, and ends. What waits is sent by the next
     * manager.
     */
    @Override
    public synchronized void close() {
        for (Outlet outlet : outlets.values()) {
            try {
                outlet.close();
            } catch (IOException e) {
                log.warn("outlet {}: {}", outlet.name(), e.toString());
            }
        }
    }
}
