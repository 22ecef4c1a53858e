// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.simvm.api.DomainVerbs;
import org.simvm.api.ElementVerbs;
import org.simvm.api.EventVerbs;
import org.simvm.api.HookResponder;
import org.simvm.api.ManagerApi;
import org.simvm.api.ManagerVerbs;
import org.simvm.api.RunningFigures;
import org.simvm.control.ControlServer;
import org.simvm.metrics.CheckDurations;
import org.simvm.metrics.MetricsServer;
import org.simvm.reconcile.StartObstacles;
import org.simvm.settings.ManagerSettings;

/** Where others ask the manager: the control sockets and the metrics. */
record Interfaces(MetricsServer metrics, ControlServer control, ControlServer readOnlyControl) {
    /**
     * Opens them, and adds them to the parts.
     *
     * @throws IOException a socket can't be made
     */
    static Interfaces start(
            ManagerSettings first,
            Foundations base,
            DomainServices domains,
            CheckDurations durations,
            Administration administration,
            StartedParts parts)
            throws IOException {
        RunningFigures figures = new RunningFigures(
                ManagerVersion.text(),
                domains.registry(),
                domains.windows(),
                base.outlets(),
                domains.libvirt());
        MetricsServer metrics = parts.add(new MetricsServer(figures, durations));
        metrics.serve(first.metrics());
        base.settings().follow(changed -> metrics.serve(changed.metrics()));
        ManagerApi api = api(base, domains, figures, administration);
        ControlServer control =
                parts.add(ControlServer.start(first.controlSocket(), first.controlGroup(), api));
        base.settings().follow(changed -> control.group(changed.controlGroup()));
        return new Interfaces(
                metrics,
                control,
                parts.add(ControlServer.startReadOnly(first.readOnlySocket(), api)));
    }

    private static ManagerApi api(
            Foundations base,
            DomainServices domains,
            RunningFigures figures,
            Administration administration) {
        return new ManagerApi(
                new HookResponder(
                        domains.registry(),
                        domains.preparation(),
                        domains.sessions(),
                        base.directories(),
                        base.settings()::refusesInvalidElements),
                domains.registry(),
                base.audit(),
                new ManagerVerbs(administration, base.audit()),
                new DomainVerbs(domains.registry(), domains.windows(), figures),
                new EventVerbs(domains.registry()),
                new ElementVerbs(
                        domains.registry(),
                        domains.preparation(),
                        domains.reconciler(),
                        new StartObstacles(
                                domains.libvirt(),
                                domains.preparation(),
                                base.settings().prepare().launcher()),
                        domains.libvirt(),
                        base.workers()));
    }

    /** Each returns what is wrong with an interface, one line, or nothing. */
    List<Supplier<Optional<String>>> healthProblems() {
        return List.of(control::healthProblem, readOnlyControl::healthProblem);
    }
}
