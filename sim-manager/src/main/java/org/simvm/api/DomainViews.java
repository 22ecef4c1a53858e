// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.arming.ArmingFailure;
import org.simvm.incident.IncidentLog;
import org.simvm.incident.IncidentReports;
import org.simvm.protocol.DomainInfo;
import org.simvm.protocol.DomainStatus;
import org.simvm.protocol.DomainSummary;
import org.simvm.protocol.GateInForce;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionException;
import org.simvm.region.RegionPlan;
import org.simvm.region.RegionSize;
import org.simvm.region.RingStatistics;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.MonitorSettings;
import org.simvm.settings.SimSettings;

/** Domains as the protocol shows them. */
final class DomainViews {
    private DomainViews() {}

    static DomainSummary summary(ManagedDomain domain) {
        Optional<SimSettings> settings = domain.settings();
        return new DomainSummary(
                domain.name(),
                domain.uuid(),
                domain.id(),
                domain.active(),
                domain.state(),
                domain.problem()
                        .or(() ->
                                domain.session().isEmpty() ? domain.unwatched() : Optional.empty()),
                settings.map(SimSettings::required),
                settings.map(sim ->
                        sim.monitors().stream().map(MonitorSettings::name).toList()));
    }

    static DomainInfo info(ManagedDomain domain) {
        Optional<DomainSession> session = domain.session();
        return new DomainInfo(
                summary(domain),
                domain.settings().map(SettingsViews::of),
                session.map(DomainViews::gate),
                session.map(each -> region(each.spec().plan())),
                session.flatMap(DomainSession::guest).map(GuestViews::of),
                session.flatMap(DomainSession::failure).map(DomainViews::failure),
                Optional.empty());
    }

    private static DomainInfo.Failure failure(ArmingFailure failure) {
        return new DomainInfo.Failure(
                failure.kind().name().toLowerCase(Locale.ROOT),
                failure.reached().name().toLowerCase(Locale.ROOT),
                failure.reason(),
                failure.guestRuns());
    }

    private static GateInForce gate(DomainSession session) {
        Optional<GateInForce.InvocationCheck> check = Optional.empty();
        Optional<String> problem = Optional.empty();
        try {
            if (session.guest().isPresent()) {
                check = Optional.of(
                        session.guest().get().region().readsLastBranch()
                                ? GateInForce.InvocationCheck.LAST_BRANCH
                                : GateInForce.InvocationCheck.RETURN_ADDRESS);
            }
        } catch (RegionException e) {
            problem = Optional.of(e.getMessage());
        }
        return new GateInForce(
                session.spec().sim().gate().xmlName(),
                session.spec().plan().gate().wireName(),
                session.spec().kvm() ? "kvm" : "tcg",
                check,
                problem,
                session.monitorProcess());
    }

    private static DomainInfo.Region region(RegionPlan plan) {
        OptionalLong ring = OptionalLong.empty();
        Optional<String> problem = Optional.empty();
        try {
            ring = OptionalLong.of(RegionSize.ringCapacity(plan));
        } catch (RegionException e) {
            problem = Optional.of(e.getMessage());
        }
        return new DomainInfo.Region(
                plan.fileSize(), RegionSize.requiredSize(plan), ring, problem, plan.stackCount());
    }

    /** @param suspendedUntil when the domain's scheduled checks run again, if they are suspended */
    static DomainStatus status(ManagedDomain domain, Optional<Instant> suspendedUntil)
            throws InterruptedException {
        Optional<DomainSession> session = domain.session();
        DomainSummary summary = summary(domain);
        return new DomainStatus(
                session.flatMap(DomainSession::failure)
                        .map(failure -> summary.withProblem(failure.reason()))
                        .orElse(summary),
                IncidentLog.sum(domain.incidents().violations()),
                IncidentLog.sum(domain.incidents().findings()),
                session.map(DomainViews::gate),
                session.flatMap(DomainSession::guest)
                        .map(guest -> guest.kernel().version()),
                session.flatMap(DomainSession::ringStatistics).map(DomainViews::ring),
                session.isPresent()
                        ? OptionalLong.of(session.get().eventsNotLogged())
                        : OptionalLong.empty(),
                session.flatMap(DomainSession::lastReport).map(IncidentReports::of),
                session.isPresent()
                        ? session.get().device().map(DomainViews::device)
                        : Optional.empty(),
                suspendedUntil);
    }

    private static DomainStatus.Ring ring(RingStatistics ring) {
        Map<String, Long> droppedByType = new LinkedHashMap<>();
        for (int type = 0; type < ring.dropped().size(); type++) {
            if (ring.dropped().get(type) != 0) {
                droppedByType.put(Integer.toString(type), ring.dropped().get(type));
            }
        }
        return new DomainStatus.Ring(
                ring.received(),
                ring.receivedBytes(),
                ring.nextSequence(),
                ring.droppedInAll(),
                droppedByType,
                ring.missing(),
                ring.waitingBytes(),
                ring.calls(),
                ring.unknownCalls());
    }

    private static DomainStatus.Device device(SimStatus device) {
        return new DomainStatus.Device(
                device.state().wireName(),
                device.gate(),
                device.accelerator(),
                device.pid(),
                device.armedBoots(),
                device.switches(),
                device.violations(),
                device.doorbells());
    }
}
