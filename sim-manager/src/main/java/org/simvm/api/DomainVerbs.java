// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.simvm.control.ControlException;
import org.simvm.incident.IncidentLog;
import org.simvm.incident.IncidentReports;
import org.simvm.maintenance.MaintenanceException;
import org.simvm.maintenance.MaintenanceWindows;
import org.simvm.policy.Incident;
import org.simvm.protocol.Access;
import org.simvm.protocol.CheckRequest;
import org.simvm.protocol.DomainInfo;
import org.simvm.protocol.DomainRequest;
import org.simvm.protocol.DomainStatus;
import org.simvm.protocol.FindingReport;
import org.simvm.protocol.IncidentsRequest;
import org.simvm.protocol.InfoRequest;
import org.simvm.protocol.ResumedChecks;
import org.simvm.protocol.RoundReport;
import org.simvm.protocol.SuspendChecksRequest;
import org.simvm.protocol.SuspendedChecks;
import org.simvm.protocol.Verbs;
import org.simvm.protocol.ViolationReport;
import org.simvm.protocol.WaitOutcome;
import org.simvm.protocol.WaitRequest;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.IntegrityCheck;

/** Verbs about what the manager knows of domains; none of them asks libvirt. */
public final class DomainVerbs implements VerbGroup {
    private static final long DEFAULT_WAIT_MS = 60_000;

    private final DomainRegistry registry;
    private final MaintenanceWindows windows;
    private final RunningFigures figures;

    public DomainVerbs(
            DomainRegistry registry, MaintenanceWindows windows, RunningFigures figures) {
        this.registry = registry;
        this.windows = windows;
        this.figures = figures;
    }

    @Override
    public void addTo(HandlerTable table) {
        table.list(
                Verbs.LIST,
                none -> registry.byName().stream().map(DomainViews::summary).toList());
        table.list(Verbs.TOP, none -> figures.counts(System.nanoTime()));
        table.on(Verbs.INFO, this::info);
        table.one(Verbs.STATUS, this::status);
        table.one(Verbs.WAIT, this::await);
        table.one(Verbs.CHECK, this::check);
        table.list(Verbs.VIOLATIONS, request -> incidents(request, ViolationReport.class));
        table.list(Verbs.FINDINGS, request -> incidents(request, FindingReport.class));
        table.one(Verbs.SUSPEND_CHECKS, this::suspend);
        table.one(
                Verbs.RESUME_CHECKS,
                request -> new ResumedChecks(windows.resume(domain(request.domain()))));
    }

    private ManagedDomain domain(String named) throws ControlException {
        return Lookup.domain(registry, named);
    }

    private void info(InfoRequest request, Exchange<DomainInfo> exchange)
            throws ControlException, IOException {
        ManagedDomain domain = domain(request.domain());
        DomainInfo info = DomainViews.info(domain);
        if (!request.layout()) {
            exchange.send(info);
            return;
        }
        exchange.demand(Access.ROOT);
        DomainSession session = domain.session()
                .orElseThrow(() -> new ControlException("domain '" + domain.name()
                        + "' has no region: it is not under SIM, or does not run"));
        exchange.send(info.with(GuestViews.layout(session.region().layout())));
    }

    private DomainStatus status(DomainRequest request)
            throws ControlException, InterruptedException {
        ManagedDomain domain = domain(request.domain());
        return DomainViews.status(domain, windows.until(domain.uuid()));
    }

    private WaitOutcome await(WaitRequest request) throws ControlException, InterruptedException {
        return new WaitOutcome(domain(request.domain())
                .awaitOutcome(request.milliseconds().orElse(DEFAULT_WAIT_MS)));
    }

    private RoundReport check(CheckRequest request) throws ControlException {
        ManagedDomain domain = domain(request.domain());
        Set<IntegrityCheck> checks = EnumSet.noneOf(IntegrityCheck.class);
        for (String name : request.checks()) {
            checks.add(byName(name));
        }
        Set<IntegrityCheck> wanted =
                checks.isEmpty() ? EnumSet.allOf(IntegrityCheck.class) : checks;
        return domain.session()
                .flatMap(session -> session.round(wanted))
                .map(IncidentReports::of)
                .orElseThrow(() -> new ControlException("domain '" + domain.name()
                        + "' can't be checked: its guest is not armed (state: "
                        + domain.state().word() + ")"));
    }

    private static IntegrityCheck byName(String name) throws ControlException {
        List<String> names = new ArrayList<>();
        for (IntegrityCheck check : IntegrityCheck.values()) {
            if (check.xmlName().equals(name)) {
                return check;
            }
            names.add(check.xmlName());
        }
        throw new ControlException(
                "there is no check '" + name + "'; there are " + String.join(", ", names));
    }

    private <A> List<A> incidents(IncidentsRequest request, Class<A> kind) throws ControlException {
        return domain(request.domain())
                .incidents()
                .last(request.limit().orElse(IncidentLog.CAPACITY), incident -> isA(incident, kind))
                .stream()
                .map(IncidentReports::of)
                .map(kind::cast)
                .toList();
    }

    private static boolean isA(Incident incident, Class<?> kind) {
        return incident instanceof Incident.Broken == (kind == ViolationReport.class);
    }

    private SuspendedChecks suspend(SuspendChecksRequest request) throws ControlException {
        try {
            return new SuspendedChecks(windows.suspend(
                    domain(request.domain()),
                    Duration.ofSeconds(request.seconds()),
                    request.reason().orElse("")));
        } catch (MaintenanceException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }
}
