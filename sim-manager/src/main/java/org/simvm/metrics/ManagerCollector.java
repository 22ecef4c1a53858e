// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.function.ToDoubleFunction;
import org.simvm.outlets.OutletStatus;
import org.simvm.region.RingStatistics;

/** Turns one snapshot of the manager into metrics, at each scrape. */
final class ManagerCollector implements MultiCollector {
    private final ManagerFigures.Source source;

    ManagerCollector(ManagerFigures.Source source) {
        this.source = source;
    }

    @Override
    public MetricSnapshots collect() {
        ManagerFigures figures = source.now();
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        all.metricSnapshot(InfoSnapshot.builder()
                .name("sim_build")
                .help("The manager that runs.")
                .dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                        .labels(Labels.of("version", figures.version()))
                        .build())
                .build());
        all.metricSnapshot(GaugeSnapshot.builder()
                .name("sim_libvirt_up")
                .help("Whether libvirt is reachable.")
                .dataPoint(gauge(Labels.EMPTY, figures.libvirtConnected() ? 1 : 0))
                .build());
        domains(figures, all);
        checks(figures, all);
        rings(figures, all);
        outlets(figures, all);
        return all.build();
    }

    private static GaugeSnapshot.GaugeDataPointSnapshot gauge(Labels labels, double value) {
        return GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .labels(labels)
                .value(value)
                .build();
    }

    private static CounterSnapshot.CounterDataPointSnapshot counter(Labels labels, double value) {
        return CounterSnapshot.CounterDataPointSnapshot.builder()
                .labels(labels)
                .value(value)
                .build();
    }

    private static Labels labels(DomainFigures domain, String... more) {
        return Labels.of("domain", domain.name(), "uuid", domain.uuid().toString())
                .merge(Labels.of(more));
    }

    private static void domains(ManagerFigures figures, MetricSnapshots.Builder all) {
        InfoSnapshot.Builder info = InfoSnapshot.builder()
                .name("sim_domain")
                .help("A domain under SIM and how it is guarded.");
        GaugeSnapshot.Builder state = GaugeSnapshot.builder()
                .name("sim_domain_state")
                .help("1 for the state that a domain is in.");
        CounterSnapshot.Builder violations = CounterSnapshot.builder()
                .name("sim_violations")
                .help("Rules that guests broke, by kind.");
        CounterSnapshot.Builder findings = CounterSnapshot.builder()
                .name("sim_findings")
                .help("What checks and the manager found, by class.");
        for (DomainFigures domain : figures.domains()) {
            info.dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                    .labels(labels(
                            domain,
                            "gate",
                            domain.gate().orElse("none"),
                            "required",
                            domain.required() ? "yes" : "no"))
                    .build());
            state.dataPoint(gauge(labels(domain, "state", domain.state().word()), 1));
            domain.violations()
                    .forEach((kind, number) ->
                            violations.dataPoint(counter(labels(domain, "kind", kind), number)));
            domain.findings()
                    .forEach((kind, number) ->
                            findings.dataPoint(counter(labels(domain, "class", kind), number)));
        }
        all.metricSnapshot(info.build())
                .metricSnapshot(state.build())
                .metricSnapshot(violations.build())
                .metricSnapshot(findings.build());
    }

    private static void checks(ManagerFigures figures, MetricSnapshots.Builder all) {
        CounterSnapshot.Builder checks = CounterSnapshot.builder()
                .name("sim_checks")
                .help("Integrity checks that ran, by result.");
        GaugeSnapshot.Builder last = GaugeSnapshot.builder()
                .name("sim_last_check_timestamp_seconds")
                .help("When the last round of checks began.");
        GaugeSnapshot.Builder suspended = GaugeSnapshot.builder()
                .name("sim_checks_suspended")
                .help("Whether scheduled checks are suspended.");
        for (DomainFigures domain : figures.domains()) {
            domain.checks().counts().forEach((check, count) -> {
                checks.dataPoint(counter(
                        labels(domain, "check", check.xmlName(), "result", "clean"),
                        (double) count.clean()));
                checks.dataPoint(counter(
                        labels(domain, "check", check.xmlName(), "result", "findings"),
                        (double) count.withFindings()));
            });
            domain.checks()
                    .last()
                    .ifPresent(round -> last.dataPoint(
                            gauge(labels(domain), round.began().toEpochMilli() / 1000.0)));
            suspended.dataPoint(gauge(labels(domain), domain.checksSuspended() ? 1 : 0));
        }
        all.metricSnapshot(checks.build())
                .metricSnapshot(last.build())
                .metricSnapshot(suspended.build());
    }

    private static void rings(ManagerFigures figures, MetricSnapshots.Builder all) {
        ring(
                figures,
                all,
                "sim_events",
                "Events taken out of the ring in this boot of the guest.",
                RingStatistics::received);
        ring(
                figures,
                all,
                "sim_event_bytes",
                "Bytes of these events.",
                RingStatistics::receivedBytes);
        ring(
                figures,
                all,
                "sim_events_dropped",
                "Events that did not fit into the ring.",
                RingStatistics::droppedInAll);
        ring(figures, all, "sim_monitor_calls", "Calls of the gate.", RingStatistics::calls);
        ring(
                figures,
                all,
                "sim_monitor_calls_forged",
                "Calls of the gate from where no hook is.",
                RingStatistics::unknownCalls);
        GaugeSnapshot.Builder waiting = GaugeSnapshot.builder()
                .name("sim_ring_waiting_bytes")
                .help("Bytes in the ring that were not read yet.");
        CounterSnapshot.Builder notLogged = CounterSnapshot.builder()
                .name("sim_events_not_logged")
                .help("Events that could not be written to the event log.");
        for (DomainFigures domain : figures.domains()) {
            domain.ring()
                    .ifPresent(ring ->
                            waiting.dataPoint(gauge(labels(domain), (double) ring.waitingBytes())));
            notLogged.dataPoint(counter(labels(domain), (double) domain.eventsNotLogged()));
        }
        all.metricSnapshot(waiting.build()).metricSnapshot(notLogged.build());
    }

    private static void ring(
            ManagerFigures figures,
            MetricSnapshots.Builder all,
            String name,
            String help,
            ToDoubleFunction<RingStatistics> value) {
        CounterSnapshot.Builder metric = CounterSnapshot.builder().name(name).help(help);
        for (DomainFigures domain : figures.domains()) {
            domain.ring()
                    .ifPresent(ring ->
                            metric.dataPoint(counter(labels(domain), value.applyAsDouble(ring))));
        }
        all.metricSnapshot(metric.build());
    }

    private static void outlets(ManagerFigures figures, MetricSnapshots.Builder all) {
        CounterSnapshot.Builder delivered = CounterSnapshot.builder()
                .name("sim_outlet_delivered")
                .help("Notices that the receiver took.");
        CounterSnapshot.Builder refused = CounterSnapshot.builder()
                .name("sim_outlet_refused")
                .help("Notices that the receiver will never take.");
        CounterSnapshot.Builder lost = CounterSnapshot.builder()
                .name("sim_outlet_lost")
                .help("Notices that did not fit into the spool.");
        GaugeSnapshot.Builder waiting =
                GaugeSnapshot.builder().name("sim_outlet_waiting").help("Notices in the spool.");
        GaugeSnapshot.Builder failing = GaugeSnapshot.builder()
                .name("sim_outlet_failing")
                .help("Whether the last delivery failed.");
        for (OutletStatus outlet : figures.outlets()) {
            Labels labels = Labels.of("outlet", outlet.name());
            delivered.dataPoint(counter(labels, (double) outlet.delivered()));
            refused.dataPoint(counter(labels, (double) outlet.refused()));
            lost.dataPoint(counter(labels, (double) outlet.lost()));
            waiting.dataPoint(gauge(labels, (double) outlet.waiting()));
            failing.dataPoint(gauge(labels, outlet.failing() ? 1 : 0));
        }
        all.metricSnapshot(delivered.build())
                .metricSnapshot(refused.build())
                .metricSnapshot(lost.build())
                .metricSnapshot(waiting.build())
                .metricSnapshot(failing.build());
    }
}
