// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.HookSite;
import org.simvm.arming.StepTime;
import org.simvm.incident.IncidentJson;
import org.simvm.incident.IncidentLog;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.Finding;
import org.simvm.metrics.DomainFigures;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionException;
import org.simvm.region.RegionLayout;
import org.simvm.region.RegionPlan;
import org.simvm.region.RegionSegment;
import org.simvm.region.RingStatistics;
import org.simvm.region.View;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.CheckGroup;
import org.simvm.settings.IntegrityCheck;
import org.simvm.settings.MonitorSettings;
import org.simvm.settings.Schedule;
import org.simvm.settings.SimSettings;

/**
 * Shows domains as JSON, for the CLI. Sizes are in bytes, times in milliseconds; addresses are
 * strings.
 */
final class DomainJson {
    /**
     * How a call is known to come from a hook (docs/security.md, R9): by the return address that it
     * pushed.
     */
    private static final String RETURN_ADDRESS = "returnAddress";
    /** Or by the instruction that the CPU saw branch to the gate. */
    private static final String LAST_BRANCH = "lastBranch";

    private DomainJson() {}

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** One line of {@code list}. */
    static ObjectNode summary(ManagedDomain domain) {
        ObjectNode json = object();
        json.put("name", domain.name());
        json.put("uuid", domain.uuid().toString());
        domain.id().ifPresent(id -> json.put("id", id));
        json.put("active", domain.active());
        json.put("state", domain.state().word());
        domain.problem()
                .or(() -> domain.session().isEmpty() ? domain.unwatched() : Optional.empty())
                .ifPresent(problem -> json.put("problem", problem));
        Optional<SimSettings> settings = domain.settings();
        settings.ifPresent(sim -> {
            json.put("required", sim.required());
            ArrayNode monitors = json.putArray("monitors");
            sim.monitors().forEach(monitor -> monitors.add(monitor.name()));
        });
        return json;
    }

    /** What a domain is set to, and what was found and done when its guest was armed. */
    static ObjectNode info(ManagedDomain domain) {
        ObjectNode json = summary(domain);
        domain.settings().ifPresent(sim -> json.set("settings", settings(sim)));
        domain.session().ifPresent(session -> {
            json.set("gate", gate(session));
            json.set("region", region(session));
            session.guest().ifPresent(guest -> json.set("guest", guest(guest)));
            session.failure().ifPresent(failure -> {
                ObjectNode why = json.putObject("failure");
                why.put("kind", failure.kind().name().toLowerCase(Locale.ROOT));
                why.put("while", failure.reached().name().toLowerCase(Locale.ROOT));
                why.put("reason", failure.reason());
                why.put("guestRuns", failure.guestRuns());
            });
        });
        return json;
    }

    private static ObjectNode settings(SimSettings sim) {
        ObjectNode json = object();
        json.put("required", sim.required());
        json.put("gate", sim.gate().xmlName());
        ArrayNode monitors = json.putArray("monitors");
        for (MonitorSettings monitor : sim.monitors()) {
            ObjectNode each = monitors.addObject().put("name", monitor.name());
            monitor.file().ifPresent(file -> each.put("file", file.toString()));
            ObjectNode parameters = each.putObject("parameters");
            monitor.parameters().forEach(parameters::put);
        }
        sim.integrity().ifPresent(integrity -> {
            ArrayNode groups = json.putArray("integrity");
            integrity.groups().forEach(group -> groups.add(group(group)));
        });
        ObjectNode policy = json.putObject("policy");
        policy.put("default", sim.policy().defaultAction().xmlName());
        policy.put("alertsPerMinute", sim.policy().alertsPerMinute());
        ObjectNode violations = policy.putObject("violations");
        sim.policy()
                .violations()
                .forEach((kind, action) -> violations.put(kind.xmlName(), action.xmlName()));
        ObjectNode findings = policy.putObject("findings");
        sim.policy()
                .findings()
                .forEach((kind, action) -> findings.put(kind.xmlName(), action.xmlName()));
        return json;
    }

    private static ObjectNode group(CheckGroup group) {
        ObjectNode json = object();
        json.put("group", group.name());
        if (group.schedule() instanceof Schedule.Cron cron) {
            json.put("cron", cron.expression());
        } else if (group.schedule() instanceof Schedule.Interval interval) {
            json.put("intervalMs", interval.period().toMillis());
        }
        json.put("jitterMs", group.jitter().toMillis());
        ArrayNode checks = json.putArray("checks");
        group.checks().stream().map(IntegrityCheck::xmlName).forEach(checks::add);
        return json;
    }

    /** Which gate the running guest has, and what runs it. */
    private static ObjectNode gate(DomainSession session) {
        ObjectNode json = object();
        json.put("asked", session.spec().sim().gate().xmlName());
        json.put("inForce", session.spec().plan().gate().wireName());
        json.put("accelerator", session.spec().kvm() ? "kvm" : "tcg");
        session.guest().ifPresent(guest -> {
            try {
                json.put(
                        "invocationCheck",
                        guest.region().readsLastBranch() ? LAST_BRANCH : RETURN_ADDRESS);
            } catch (RegionException e) {
                json.put("problem", e.getMessage());
            }
        });
        session.monitorProcess().ifPresent(pid -> json.put("monitorProcess", pid));
        return json;
    }

    private static ObjectNode region(DomainSession session) {
        RegionPlan plan = session.spec().plan();
        ObjectNode json = object();
        json.put("bytes", plan.fileSize());
        json.put("requiredBytes", plan.requiredSize());
        try {
            json.put("ringBytes", plan.ringCapacity());
        } catch (RegionException e) {
            json.put("problem", e.getMessage());
        }
        json.put("stacks", plan.stackCount());
        return json;
    }

    private static ObjectNode guest(ArmedGuest guest) {
        ObjectNode json = object();
        json.put("kernel", guest.kernel().version());
        json.put("symbols", guest.kernel().symbolCount());
        json.put("types", guest.kernel().typeCount());
        json.put("pagingLevels", guest.kernelTables().levels());
        ArrayNode hooks = json.putArray("hooks");
        for (HookSite hook : guest.hooks()) {
            hooks.addObject()
                    .put("monitor", hook.monitor())
                    .put("id", hook.declaration().id())
                    .put("site", hook.symbol())
                    .put("address", IncidentJson.hex(hook.address()));
        }
        json.put("pausedMs", round(guest.pausedMilliseconds()));
        json.put(
                "tookMs",
                round(guest.steps().stream().mapToDouble(StepTime::milliseconds).sum()));
        ArrayNode steps = json.putArray("steps");
        for (StepTime step : guest.steps()) {
            steps.addObject()
                    .put("step", step.step())
                    .put("ms", round(step.milliseconds()))
                    .put("paused", step.guestPaused());
        }
        return json;
    }

    private static double round(double milliseconds) {
        return Math.round(milliseconds * 1000) / 1000.0;
    }

    /**
     * Where the region is, in guest-physical memory or in the monitors' process: for root's eyes
     * alone.
     */
    static ObjectNode layout(RegionLayout layout) {
        ObjectNode json = object();
        json.put("areaBase", IncidentJson.hex(layout.area().base()));
        json.put("areaBytes", IncidentJson.hex(layout.area().size()));
        json.put("gateFrame", IncidentJson.hex(layout.gateFrame()));
        ArrayNode segments = json.putArray("segments");
        for (RegionSegment segment : layout.segments()) {
            ObjectNode each = segments.addObject()
                    .put("name", segment.name())
                    .put("role", segment.role().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .put("bytes", segment.size())
                    .put("view", segment.view().name().toLowerCase(Locale.ROOT))
                    .put("access", segment.access().toString());
            if (segment.view() != View.PROCESS) {
                each.put("gpa", IncidentJson.hex(segment.gpa()));
            } else if (segment.role()
                    != RegionSegment.Role.CHANNEL) { // whoever maps that chooses an address
                each.put("processAddress", IncidentJson.hex(segment.gpa()));
            }
        }
        return json;
    }

    /** How a domain is doing. */
    static ObjectNode status(ManagedDomain domain) throws InterruptedException {
        ObjectNode json = summary(domain);
        json.put("violations", IncidentLog.sum(domain.incidents().violations()));
        json.put("findings", IncidentLog.sum(domain.incidents().findings()));
        Optional<DomainSession> session = domain.session();
        if (session.isPresent()) {
            json.set("gate", gate(session.get()));
            session.get().failure().ifPresent(failure -> json.put("problem", failure.reason()));
            session.get()
                    .guest()
                    .ifPresent(guest -> json.put("kernel", guest.kernel().version()));
            session.get().ringStatistics().ifPresent(ring -> json.set("ring", ring(ring)));
            json.put("eventsNotLogged", session.get().eventsNotLogged());
            session.get().lastReport().ifPresent(report -> json.set("lastCheck", report(report)));
            session.get().device().ifPresent(device -> json.set("device", device(device)));
        }
        return json;
    }

    /**
     * What 'virt-sim top' shows, from memory alone; {@code nanos} is a clock of the manager's for
     * rates.
     */
    static ObjectNode figures(DomainFigures figures, long nanos) {
        ObjectNode json = object();
        json.put("name", figures.name());
        json.put("uuid", figures.uuid().toString());
        json.put("state", figures.state().word());
        figures.gate().ifPresent(gate -> json.put("gate", gate));
        json.put("nanos", nanos);
        figures.ring()
                .ifPresent(ring -> json.put("calls", ring.calls())
                        .put("events", ring.received())
                        .put("dropped", ring.droppedInAll())
                        .put("waitingBytes", ring.waitingBytes()));
        json.put("notLogged", figures.eventsNotLogged());
        json.put("violations", IncidentLog.sum(figures.violations()));
        json.put("findings", IncidentLog.sum(figures.findings()));
        json.put("checksSuspended", figures.checksSuspended());
        figures.checks()
                .last()
                .ifPresent(round -> json.putObject("lastCheck")
                        .put("started", round.began().toString())
                        .put("ms", round.took().toNanos() / 1e6)
                        .put("findings", round.findings()));
        return json;
    }

    private static ObjectNode ring(RingStatistics ring) {
        ObjectNode json = object();
        json.put("received", ring.received());
        json.put("receivedBytes", ring.receivedBytes());
        json.put("nextSequence", ring.nextSequence());
        json.put("dropped", ring.droppedInAll());
        ObjectNode byType = json.putObject("droppedByType");
        for (int type = 0; type < ring.dropped().size(); type++) {
            if (ring.dropped().get(type) != 0) {
                byType.put(Integer.toString(type), ring.dropped().get(type));
            }
        }
        json.put("missing", ring.missing());
        json.put("waitingBytes", ring.waitingBytes());
        json.put("calls", ring.calls());
        json.put("unknownCalls", ring.unknownCalls());
        return json;
    }

    private static ObjectNode device(SimStatus device) {
        ObjectNode json = object();
        json.put("state", device.state().wireName());
        json.put("gate", device.gate());
        device.accelerator().ifPresent(accelerator -> json.put("accelerator", accelerator));
        json.put("pid", device.pid());
        json.put("armedBoots", device.armedBoots());
        device.switches().ifPresent(switches -> json.put("switches", switches));
        json.put("violations", device.violations());
        json.put("doorbells", device.doorbells());
        return json;
    }

    /** A round of integrity checks. */
    static ObjectNode report(CheckReport report) {
        ObjectNode json = object();
        json.put("started", report.started().toString());
        json.put("ms", report.took().toNanos() / 1e6);
        json.put("bytes", report.bytes());
        json.put("gbps", report.gigabytesPerSecond());
        ArrayNode results = json.putArray("results");
        for (CheckReport.Result result : report.results()) {
            ObjectNode each = results.addObject();
            each.put("check", result.check().xmlName());
            each.put("ms", result.took().toNanos() / 1e6);
            each.put("bytes", result.bytes());
            findings(each.putArray("findings"), result.findings());
            ArrayNode information = each.putArray("information");
            result.information().forEach(told -> {
                ObjectNode one = information
                        .addObject()
                        .put("subject", told.subject())
                        .put("text", told.text());
                told.va().ifPresent(va -> one.put("va", IncidentJson.hex(va)));
            });
        }
        return json;
    }

    private static void findings(ArrayNode array, List<Finding> findings) {
        findings.forEach(
                finding -> array.add(IncidentJson.finding(finding).put("text", finding.oneLine())));
    }
}
