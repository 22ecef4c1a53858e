// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.simvm.api.ReportFiles;
import org.simvm.host.GateChoice;
import org.simvm.libvirt.LibvirtConnection;
import org.simvm.maintenance.MaintenanceWindows;
import org.simvm.metrics.CheckDurations;
import org.simvm.prepare.Preparation;
import org.simvm.reconcile.Reconciler;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.registry.SessionKeeper;
import org.simvm.session.MappingBudget;
import org.simvm.session.SessionContext;
import org.simvm.state.DomainHistory;

/** What serves the domains: which there are, how they are prepared, watched and reconciled. */
record DomainServices(
        LibvirtConnection libvirt,
        DomainRegistry registry,
        Preparation preparation,
        SessionKeeper sessions,
        Reconciler reconciler,
        MaintenanceWindows windows) {

    /** Puts them together; none of them does anything yet. */
    static DomainServices of(Foundations base, GateChoice gates, CheckDurations durations) {
        SettingsInForce settings = base.settings();
        LibvirtConnection libvirt = new LibvirtConnection(settings.libvirtUri());
        DomainHistory history = new DomainHistory(base.directories(), settings::history);
        DomainRegistry registry = new DomainRegistry(
                base.directories(),
                history,
                new DomainNews(base.outlets(), new ReportFiles(base.directories()), durations));
        Preparation preparation = new Preparation(settings::prepare, base.directories(), gates);
        SessionContext context = new SessionContext(
                base.directories(),
                base.scheduler(),
                base.workers(),
                new MappingBudget(),
                libvirt,
                base.outlets(),
                base.eventLogs(),
                settings::bootLimit);
        return new DomainServices(
                libvirt,
                registry,
                preparation,
                new SessionKeeper(registry, preparation, context),
                new Reconciler(
                        registry,
                        libvirt,
                        base.workers(),
                        settings.prepare().launcher(),
                        preparation,
                        base.directories()),
                new MaintenanceWindows(base.directories(), base.scheduler(), base.audit()));
    }

    /** Takes up the guests and suspensions of an earlier manager, and then follows libvirt. */
    void start(Foundations base, Administration administration, StartedParts parts) {
        preparation.warmUp();
        base.scheduler()
                .onStuck((domain, what) -> registry.known(domain)
                        .flatMap(ManagedDomain::session)
                        .ifPresent(session -> session.checksStuck(what)));
        parts.add(sessions::leaveAll);
        sessions.adoptAll();
        windows.adoptAll(registry);
        parts.add(libvirt);
        // What libvirt says is then about domains known already.
        libvirt.start(event -> {
            reconciler.accept(event);
            administration.heard(event);
        });
    }

    /** Each returns what is wrong with a part, one line, or nothing. */
    List<Supplier<Optional<String>>> healthProblems() {
        return List.of(libvirt::healthProblem);
    }
}
