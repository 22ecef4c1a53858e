// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import org.simvm.domain.DomainState;
import org.simvm.incident.IncidentLog;
import org.simvm.libvirt.LibvirtConnection;
import org.simvm.maintenance.MaintenanceWindows;
import org.simvm.metrics.DomainFigures;
import org.simvm.metrics.ManagerFigures;
import org.simvm.outlets.Outlets;
import org.simvm.protocol.DomainCounts;
import org.simvm.region.RingStatistics;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.SimSettings;

/**
 * Takes snapshots of the running manager for metrics, and for 'virt-sim top', from memory alone.
 */
public final class RunningFigures implements ManagerFigures.Source {
    private final String version;
    private final DomainRegistry registry;
    private final MaintenanceWindows windows;
    private final Outlets outlets;
    private final LibvirtConnection libvirt;

    /** @param version the manager's own */
    public RunningFigures(
            String version,
            DomainRegistry registry,
            MaintenanceWindows windows,
            Outlets outlets,
            LibvirtConnection libvirt) {
        this.version = version;
        this.registry = registry;
        this.windows = windows;
        this.outlets = outlets;
        this.libvirt = libvirt;
    }

    @Override
    public ManagerFigures now() {
        return new ManagerFigures(version, libvirt.isConnected(), domains(), outlets.status());
    }

    private List<DomainFigures> domains() {
        return registry.byName().stream()
                .filter(domain -> domain.state() != DomainState.NONE)
                .map(this::domain)
                .toList();
    }

    private DomainFigures domain(ManagedDomain domain) {
        Optional<DomainSession> session = domain.session();
        return new DomainFigures(
                domain.name(),
                domain.uuid(),
                domain.state(),
                session.map(each -> each.spec().plan().gate().wireName()),
                domain.settings().map(SimSettings::required).orElse(false),
                domain.incidents().violations(),
                domain.incidents().findings(),
                session.flatMap(DomainSession::ringStatistics),
                session.map(DomainSession::eventsNotLogged).orElse(0L),
                domain.checks(),
                windows.until(domain.uuid()).isPresent());
    }

    /**
     * Takes a snapshot for 'virt-sim top'.
     *
     * @param nanos the time, by {@link System#nanoTime}
     */
    List<DomainCounts> counts(long nanos) {
        return domains().stream().map(figures -> counts(figures, nanos)).toList();
    }

    private static DomainCounts counts(DomainFigures figures, long nanos) {
        Optional<RingStatistics> ring = figures.ring();
        return new DomainCounts(
                figures.name(),
                figures.uuid(),
                figures.state(),
                figures.gate(),
                nanos,
                of(ring, RingStatistics::calls),
                of(ring, RingStatistics::received),
                of(ring, RingStatistics::droppedInAll),
                of(ring, RingStatistics::waitingBytes),
                figures.eventsNotLogged(),
                IncidentLog.sum(figures.violations()),
                IncidentLog.sum(figures.findings()),
                figures.checksSuspended(),
                figures.checks()
                        .last()
                        .map(round -> new DomainCounts.Round(
                                round.began(), round.took().toNanos() / 1e6, round.findings())),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty());
    }

    private static OptionalLong of(
            Optional<RingStatistics> ring, ToLongFunction<RingStatistics> count) {
        return ring.isPresent()
                ? OptionalLong.of(count.applyAsLong(ring.get()))
                : OptionalLong.empty();
    }
}
