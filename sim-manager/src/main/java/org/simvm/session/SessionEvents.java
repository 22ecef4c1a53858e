// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.simvm.events.EventLog;
import org.simvm.events.EventNames;
import org.simvm.events.EventSink;
import org.simvm.integrity.Finding;
import org.simvm.integrity.ProcessRecord;
import org.simvm.outlets.EventNotices;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.prepare.DomainSpec;
import org.simvm.region.RingReader;
import org.simvm.region.RingStatistics;
import org.simvm.settings.MonitorSettings;

/**
 * The events of a session's guest: from the ring of each boot to the domain's log, to outlets and
 * subscribers, and to the record of processes that the checks compare with.
 */
final class SessionEvents implements AutoCloseable {
    private final DomainSpec spec;
    private final EventNames names;
    private final Optional<EventLog> log;
    private final List<EventSink> subscribers;
    private final Outlets outlets;
    private final Consumer<Finding> findings;

    private volatile RingDrain drain;
    private volatile ProcessRecord processes;
    /** How far the ring was reserved when the last process that wrote it was gone. */
    private long abandoned;

    /**
     * @param directory the domain's, where its log is
     * @param subscribers sinks that outlive the session
     * @param findings takes what is wrong with the ring
     */
    SessionEvents(
            DomainSpec spec,
            Path directory,
            SessionContext context,
            List<EventSink> subscribers,
            Consumer<Finding> findings) {
        this.spec = spec;
        this.names = new EventNames(
                spec.name(),
                spec.sim().monitors().stream().map(MonitorSettings::name).toList());
        this.log = context.eventLogs().open(directory, names);
        this.subscribers = subscribers;
        this.outlets = context.outlets();
        this.findings = findings;
    }

    EventNames names() {
        return names;
    }

    /** Begins with the ring of a boot. */
    void drain(RingReader ring) {
        List<EventSink> sinks = new ArrayList<>(subscribers);
        log.ifPresent(sinks::add);
        sinks.add(new EventNotices(outlets, new Notice.Domain(spec.domain(), spec.name()), names));
        ProcessRecord record =
                new ProcessRecord(ring::wake, () -> ring.statistics().droppedInAll());
        sinks.add(record);
        processes = record;
        synchronized (this) {
            ring.abandon(abandoned);
            drain = RingDrain.start(spec.name(), ring, sinks, findings);
        }
    }

    /** Returns what this boot's events say of processes; null before its ring was mapped. */
    ProcessRecord processes() {
        return processes;
    }

    /** The process that wrote the ring is gone; passes over what it left unfinished. */
    synchronized void abandon(long reserved) {
        abandoned = reserved;
        RingDrain now = drain;
        if (now != null) {
            now.abandon(reserved);
        }
    }

    /** The monitor rang its doorbell. */
    void wake() {
        RingDrain now = drain;
        if (now != null) {
            now.wake();
        }
    }

    /** Returns the account of the ring; empty while there is none. */
    Optional<RingStatistics> ring() {
        return Optional.ofNullable(drain).map(RingDrain::statistics);
    }

    /** Returns how many events the log could not take. */
    long notLogged() {
        return log.map(EventLog::lost).orElse(0L);
    }

    /** The boot is over: takes what is left in its ring. */
    void stop() {
        RingDrain now = drain;
        if (now != null) {
            now.stop();
            drain = null;
        }
    }

    @Override
    public void close() {
        log.ifPresent(EventLog::close);
    }
}
