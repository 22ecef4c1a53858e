// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
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
import org.simvm.events.EventNames;
import org.simvm.incident.IncidentActions;
import org.simvm.integrity.BaselineException;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.Finding;
import org.simvm.outlets.Notice;
import org.simvm.policy.Policy;
import org.simvm.prepare.DomainSpec;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;
import org.simvm.qmp.SimViolation;
import org.simvm.region.RegionFile;
import org.simvm.region.RingReader;
import org.simvm.region.RingStatistics;
import org.simvm.settings.IntegrityCheck;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a domain's QEMU, from its preparation to its end: arms each boot of the guest, drains
 * its ring, checks it, and gives what is wrong to the domain's policy.
 */
public final class DomainSession implements ArmingListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DomainSession.class);
    /** From libvirt's start of QEMU until QEMU has its socket, on a busy host. */
    private static final Duration QEMU_TIMEOUT = Duration.ofSeconds(60);

    private final DomainSpec spec;
    private final RegionFile region;
    private final SessionListener listener;
    private final SessionContext context;
    private final Runnable whenGone;
    private final Policy policy;
    private final SessionEvents events;
    private final SessionFindings findings;
    private final SessionNotes notes;
    private final LastKernel lastKernel;
    private final Optional<ExitGate> exitGate;
    private final SessionChecks checks;

    private DomainArming arming;
    private boolean closed;
    private volatile ArmingFailure failure;
    private volatile DomainState state = DomainState.PREPARED;
    private volatile boolean failStopped;

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
        this.listener = listener;
        this.whenGone = whenGone;
        Path state = context.directories().state(spec.domain());
        this.policy = new Policy(
                spec.sim().policy(),
                new IncidentActions(
                        spec.domain(),
                        name(),
                        outputs.incidents(),
                        state,
                        context.libvirt(),
                        context.workers(),
                        this::stopGuest,
                        context.outlets()));
        this.findings = new SessionFindings(policy::finding);
        this.events = new SessionEvents(spec, state, context, outputs.events(), policy::finding);
        this.notes = SessionNotes.of(state);
        this.lastKernel =
                new LastKernel(state, new Notice.Domain(uuid(), name()), context.outlets());
        this.exitGate = spec.plan().gate().inGuest()
                ? Optional.empty()
                : Optional.of(new ExitGate(name(), region, policy::finding, events::abandon));
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
        return events.names();
    }

    public RegionFile region() {
        return region;
    }

    /** Begins to wait for QEMU and to arm; does nothing if it has begun before. */
    public synchronized void begin() {
        if (arming == null && !closed) {
            enter(DomainState.CONNECTING);
            arming = DomainArming.start(
                    new ArmingRequest(
                            name(),
                            context.directories().run(uuid()).resolve("qmp.sock"),
                            QEMU_TIMEOUT,
                            region,
                            spec.plan(),
                            spec.sim().required(),
                            spec.sim().kernels(),
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
        return events.ring();
    }

    public long eventsNotLogged() {
        return events.notLogged();
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
        findings.checksStuck(what);
    }

    /** Somebody let the paused guest run. */
    public void resumed() {
        policy.guestResumed();
    }

    @Override
    public void stateChanged(ArmingState reached) {
        enter(reached.domainState());
    }

    private void enter(DomainState next) {
        state = next;
        listener.stateChanged();
    }

    @Override
    public void mapped(RingReader ring) {
        events.drain(ring);
    }

    @Override
    public void recordBaseline(ArmedGuest standing) throws BaselineException {
        checks.record(standing, events.processes());
    }

    @Override
    public void armed(ArmedGuest running) {
        failure = null;
        notes.armed(true);
        lastKernel.armed(running.kernel());
        checks.begin(running);
        listener.stateChanged();
    }

    @Override
    public PersistedBoot persistedBoot() throws BaselineException {
        return checks.persistedBoot();
    }

    @Override
    public void adopted(ArmedGuest running) throws BaselineException {
        checks.goOn(running, events.processes());
        listener.stateChanged();
    }

    @Override
    public void notAdopted(String reason) {
        findings.notAdopted(reason);
        listener.stateChanged();
    }

    @Override
    public void failed(ArmingFailure why) {
        failure = why;
        listener.notArmed(why.reason());
        findings.notArmed(why);
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
        events.stop();
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
        findings.violationsLost(number);
    }

    @Override
    public void doorbell() {
        events.wake();
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
            context.workers().submit(uuid(), "cleaning up", whenGone);
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
        events.close();
        region.close();
    }
}
