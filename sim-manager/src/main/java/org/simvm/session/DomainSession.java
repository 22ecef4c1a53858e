// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.ArmingFailure;
import org.simvm.arming.ArmingListener;
import org.simvm.arming.ArmingRequest;
import org.simvm.arming.ArmingState;
import org.simvm.arming.DomainArming;
import org.simvm.arming.OutsideMonitors;
import org.simvm.arming.PersistedBoot;
import org.simvm.domain.DomainState;
import org.simvm.events.EventLog;
import org.simvm.events.EventNames;
import org.simvm.events.EventSink;
import org.simvm.incident.IncidentActions;
import org.simvm.integrity.BaselineException;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.Evidence;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.integrity.ProcessRecord;
import org.simvm.outlets.EventNotices;
import org.simvm.outlets.Notice;
import org.simvm.policy.Policy;
import org.simvm.prepare.DomainSpec;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;
import org.simvm.qmp.SimViolation;
import org.simvm.region.RegionFile;
import org.simvm.region.RingReader;
import org.simvm.region.RingStatistics;
import org.simvm.settings.FindingClass;
import org.simvm.settings.IntegrityCheck;
import org.simvm.settings.MonitorSettings;
import org.simvm.workers.DomainWorkers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a domain's QEMU, from its preparation to its end: arms each boot of the guest, drains
 * its ring, checks it, and gives what is wrong to the domain's policy.
 */
public final class DomainSession implements ArmingListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DomainSession.class);
    /**
     * From libvirt's word that it starts QEMU to QEMU's socket; a busy host, and QEMU's own start.
     */
    private static final Duration QEMU_TIMEOUT = Duration.ofSeconds(60);

    private final DomainSpec spec;
    private final RegionFile region;
    private final SessionOutputs outputs;
    private final SessionListener listener;
    private final DomainWorkers workers;
    private final SessionContext context;
    private final Runnable whenGone;
    private final Policy policy;
    private final EventNames names;
    private final Optional<EventLog> eventLog;
    private final SessionNotes notes;
    private final Optional<ExitGate> exitGate;
    private final SessionChecks checks;

    private DomainArming arming;
    private boolean closed;
    private volatile RingDrain drain;
    private volatile ProcessRecord processes;
    private volatile ArmingFailure failure;
    private volatile DomainState state = DomainState.PREPARED;
    private volatile boolean failStopped;
    /** How far the ring was reserved when the last process that wrote it was gone. */
    private long ringAbandoned;

    /**
     * @param region made for this spec, or found again; closed with the session
     * @param outputs where its events and incidents go
     * @param whenGone called once when QEMU has ended
     */
    public DomainSession(
            DomainSpec spec,
            RegionFile region,
            SessionContext context,
            SessionOutputs outputs,
            SessionListener listener,
            Runnable whenGone) {
        this.spec = spec;
        this.region = region;
        this.context = context;
        this.outputs = outputs;
        this.listener = listener;
        this.workers = context.workers();
        this.whenGone = whenGone;
        Path state = context.directories().state(spec.domain());
        this.names = new EventNames(
                spec.name(),
                spec.sim().monitors().stream().map(MonitorSettings::name).toList());
        this.policy = new Policy(
                spec.sim().policy(),
                new IncidentActions(
                        spec.domain(),
                        name(),
                        outputs.incidents(),
                        state,
                        context.libvirt(),
                        workers,
                        this::stopGuest,
                        context.outlets()));
        this.eventLog = context.eventLogs().open(state, names);
        this.notes = SessionNotes.of(state);
        this.exitGate = spec.plan().gate().inGuest()
                ? Optional.empty()
                : Optional.of(new ExitGate(name(), region, policy::finding, this::abandon));
        this.checks = new SessionChecks(spec, state, context, listener, policy::finding);
    }

    private String name() {
        return spec.name();
    }

    private UUID uuid() {
        return spec.domain();
    }

    public DomainSpec spec() {
        return spec;
    }

    public EventNames eventNames() {
        return names;
    }

    public RegionFile region() {
        return region;
    }

    /** Begins to wait for QEMU and to arm; does nothing if it has begun before. */
    public synchronized void begin() {
        if (arming == null && !closed) {
            enter(DomainState.CONNECTING);
            Path socket = context.directories().run(uuid()).resolve("qmp.sock");
            arming = DomainArming.start(
                    new ArmingRequest(
                            name(),
                            socket,
                            QEMU_TIMEOUT,
                            region,
                            spec.plan(),
                            spec.sim().required(),
                            context.bootLimit().get(),
                            notes.earlier(),
                            exitGate.<OutsideMonitors>map(gate -> gate)
                                    .orElse(OutsideMonitors.NONE)),
                    this);
        }
    }

    private synchronized Optional<DomainArming> arming() {
        return Optional.ofNullable(arming);
    }

    /** Returns how far the present boot has come; a guest that was stopped for good is stopped. */
    public DomainState state() {
        return failStopped ? DomainState.STOPPED : state;
    }

    public Optional<ArmedGuest> guest() {
        return checks.guest();
    }

    public Optional<ArmingFailure> failure() {
        return Optional.ofNullable(failure);
    }

    public Optional<CheckReport> lastReport() {
        return checks.lastReport();
    }

    /** Returns the account of the ring; empty while there is none. */
    public Optional<RingStatistics> ringStatistics() {
        RingDrain now = drain;
        return now == null ? Optional.empty() : Optional.of(now.statistics());
    }

    public long eventsNotLogged() {
        return eventLog.map(EventLog::lost).orElse(0L);
    }

    /** Asks the device; empty if QEMU does not answer. */
    public Optional<SimStatus> device() throws InterruptedException {
        Optional<DomainArming> now = arming();
        if (now.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(now.get().query());
        } catch (QmpException e) {
            log.debug("{}: {}", name(), e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Returns the process that runs the monitors; empty if they run in the guest, or nowhere now.
     */
    public OptionalLong monitorProcess() {
        return exitGate.map(ExitGate::pid).orElse(OptionalLong.empty());
    }

    private synchronized void abandon(long reserved) {
        ringAbandoned = reserved;
        RingDrain now = drain;
        if (now != null) {
            now.abandon(reserved);
        }
    }

    private void stopGuest() throws IOException, InterruptedException {
        Optional<DomainArming> now = arming();
        if (now.isPresent()) {
            now.get().pause();
        }
    }

    /** Tells the policy of something that another part of the manager found. */
    public void finding(Finding finding) {
        policy.finding(finding);
    }

    /** The watchdog saw that a round of checks does not end, or does not begin. */
    public void checksStuck(String what) {
        policy.finding(Finding.ofManager(
                FindingClass.CHECK_INCOMPLETE,
                FindingCode.SCHEDULE_STUCK,
                "schedule of checks",
                "rounds that come and end",
                what));
    }

    /** Somebody let the paused guest run. */
    public void resumed() {
        policy.guestResumed();
    }

    // --- what becomes of the guest

    @Override
    public void stateChanged(ArmingState reached) {
        enter(stateOf(reached));
    }

    private void enter(DomainState next) {
        state = next;
        listener.stateChanged();
    }

    private static DomainState stateOf(ArmingState arming) {
        return switch (arming) {
            case CONNECTING -> DomainState.CONNECTING;
            case WAITING -> DomainState.WAITING;
            case RESOLVING -> DomainState.RESOLVING;
            case PREPARING -> DomainState.PREPARING;
            case MAPPED -> DomainState.MAPPED;
            case ARMED -> DomainState.ARMED;
            case FAILED -> DomainState.FAILED;
            case GONE -> DomainState.GONE;
        };
    }

    @Override
    public void mapped(RingReader ring) {
        List<EventSink> sinks = new ArrayList<>(outputs.events());
        eventLog.ifPresent(sinks::add);
        sinks.add(new EventNotices(context.outlets(), new Notice.Domain(uuid(), name()), names));
        processes = new ProcessRecord(ring::wake, () -> ring.statistics().droppedInAll());
        sinks.add(processes);
        synchronized (this) {
            ring.abandon(ringAbandoned);
            drain = RingDrain.start(name(), ring, sinks, policy::finding);
        }
    }

    @Override
    public void recordBaseline(ArmedGuest standing) throws BaselineException {
        checks.record(standing, processes);
    }

    @Override
    public void armed(ArmedGuest running) {
        failure = null;
        notes.armed(true);
        checks.begin(running);
        listener.stateChanged();
    }

    @Override
    public PersistedBoot persistedBoot() throws BaselineException {
        return checks.persistedBoot();
    }

    @Override
    public void adopted(ArmedGuest running) throws BaselineException {
        checks.goOn(running, processes);
        listener.stateChanged();
    }

    @Override
    public void notAdopted(String reason) {
        policy.finding(Finding.ofManager(
                FindingClass.CHECK_INCOMPLETE,
                FindingCode.BASELINE_UNUSABLE,
                "baseline of an earlier manager",
                "integrity checks that go on",
                reason));
        listener.stateChanged();
    }

    @Override
    public void failed(ArmingFailure why) {
        failure = why;
        listener.notArmed(why.reason());
        policy.finding(new Finding(
                Instant.now(),
                FindingClass.ARMING_FAILED,
                FindingCode.ARMING_FAILED,
                "arming while " + why.reached(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                new Evidence.Text("an armed guest", why.reason()),
                true));
        listener.stateChanged();
    }

    @Override
    public void reset() {
        disarm();
        notes.armed(false);
        policy.guestResumed();
        listener.stateChanged();
    }

    private void disarm() {
        checks.end();
        failure = null;
        failStopped = false;
        RingDrain now = drain;
        if (now != null) {
            now.stop();
            drain = null;
        }
    }

    @Override
    public void violation(SimViolation violation) {
        if (violation.failStop()) {
            failStopped = true;
            listener.stateChanged();
        }
        policy.violation(violation);
        notes.violation(violation.sequence());
    }

    @Override
    public void violationsLost(long number) {
        policy.finding(Finding.ofManager(
                FindingClass.EVENTS_LOST,
                FindingCode.VIOLATIONS_DROPPED,
                "violations",
                "an account of each violation",
                number + " came faster than QEMU keeps them"));
    }

    @Override
    public void doorbell() {
        RingDrain now = drain;
        if (now != null) {
            now.wake();
        }
    }

    @Override
    public void gone(String reason) {
        disarm();
        listener.stateChanged();
        boolean ended;
        synchronized (this) {
            ended = !closed; // else it was this manager that hung up, and QEMU may well be alive
        }
        if (ended) {
            workers.submit(uuid(), "cleaning up", whenGone);
        }
    }

    /**
     * Runs checks now and gives findings to the policy.
     *
     * @return empty if the guest isn't armed, or was reset meanwhile
     */
    public Optional<CheckReport> round(Set<IntegrityCheck> wanted) {
        return checks.round(wanted);
    }

    /** Ends the session: QEMU, if it still runs, is left as it is. The run directory stays. */
    @Override
    public void close() {
        DomainArming ending;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            ending = arming;
        }
        exitGate.ifPresent(ExitGate::close);
        if (ending != null) {
            ending.close();
        }
        disarm();
        eventLog.ifPresent(EventLog::close);
        region.close();
    }
}
