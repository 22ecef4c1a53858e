// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import org.simvm.api.ReportFiles;
import org.simvm.domain.DomainState;
import org.simvm.incident.Notices;
import org.simvm.integrity.CheckReport;
import org.simvm.metrics.CheckDurations;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.registry.ManagedDomain;

/** Passes on what becomes of domains: changes of state as notices, reports to files and metrics. */
final class DomainNews implements ManagedDomain.Listener {
    private final Outlets outlets;
    private final ReportFiles reports;
    private final CheckDurations durations;

    DomainNews(Outlets outlets, ReportFiles reports, CheckDurations durations) {
        this.outlets = outlets;
        this.reports = reports;
        this.durations = durations;
    }

    @Override
    public void changed(ManagedDomain domain, DomainState before, DomainState now) {
        outlets.accept(Notices.state(
                new Notice.Domain(domain.uuid(), domain.name()),
                before,
                now,
                domain.problem().or(domain::unwatched)));
    }

    @Override
    public void checked(ManagedDomain domain, CheckReport report) {
        reports.keep(domain, report);
        durations.observe(report);
    }
}
