// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.util.List;
import java.util.Optional;
import org.simvm.domain.DomainState;
import org.simvm.libvirt.LibvirtConnection;
import org.simvm.maintenance.MaintenanceWindows;
import org.simvm.metrics.DomainFigures;
import org.simvm.metrics.ManagerFigures;
import org.simvm.outlets.Outlets;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.SimSettings;

/**
 * Takes snapshots of the running manager for metrics, and for 'virt-sim top', from memory alone.
 */
final class RunningFigures implements ManagerFigures.Source {
    private final DomainRegistry registry;
    private final MaintenanceWindows windows;
    private final Outlets outlets;
    private final LibvirtConnection libvirt;

    RunningFigures(
            DomainRegistry registry,
            MaintenanceWindows windows,
            Outlets outlets,
            LibvirtConnection libvirt) {
        this.registry = registry;
        this.windows = windows;
        this.outlets = outlets;
        this.libvirt = libvirt;
    }

    @Override
    public ManagerFigures now() {
        return new ManagerFigures(
                Manager.version(), libvirt.isConnected(), domains(), outlets.status());
    }

    List<DomainFigures> domains() {
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
}
