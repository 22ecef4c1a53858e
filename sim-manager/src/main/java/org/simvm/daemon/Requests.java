// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simvm.audit.AuditLog;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.ControlHandler;
import org.simvm.control.HookAnswer;
import org.simvm.control.HookCall;
import org.simvm.control.Request;
import org.simvm.events.RecentEvents;
import org.simvm.incident.IncidentJson;
import org.simvm.incident.IncidentLog;
import org.simvm.integrity.CheckReport;
import org.simvm.libvirt.Domains;
import org.simvm.libvirt.LibvirtException;
import org.simvm.libvirt.SimElement;
import org.simvm.maintenance.MaintenanceException;
import org.simvm.maintenance.MaintenanceWindows;
import org.simvm.metrics.DomainFigures;
import org.simvm.outlets.Notice;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PreparationException;
import org.simvm.protocol.Access;
import org.simvm.protocol.AuditEntry;
import org.simvm.protocol.Codec;
import org.simvm.protocol.ProtocolException;
import org.simvm.protocol.WireRequest;
import org.simvm.reconcile.Reconciler;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.IntegrityCheck;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;
import org.simvm.settings.SimSettingsReader;
import org.simvm.workers.DomainWorkers;

/**
 * Answers the CLI. Verbs: {@code about list top info status wait check events violations findings
 * audit dumpxml apply remove suspend-checks resume-checks reload}.
 */
final class Requests implements ControlHandler {
    /** Verbs that change something: who used them is kept. */
    private static final Set<String> AUDITED =
            Set.of("apply", "remove", "check", "suspend-checks", "resume-checks", "reload");

    private static final int DEFAULT_AUDIT = 100;
    private static final int DEFAULT_EVENTS = 20;
    private static final long LIBVIRT_TIMEOUT_SECONDS = 30;

    private final DomainRegistry registry;
    private final HookResponder hooks;
    private final Preparation preparation;
    private final Reconciler reconciler;
    private final Domains libvirt;
    private final DomainWorkers workers;
    private final AuditLog audit;
    private final MaintenanceWindows windows;
    private final RunningFigures figures;
    private final ManagerControl manager;

    Requests(
            DomainRegistry registry,
            HookResponder hooks,
            Preparation preparation,
            Reconciler reconciler,
            Domains libvirt,
            DomainWorkers workers,
            AuditLog audit,
            MaintenanceWindows windows,
            RunningFigures figures,
            ManagerControl manager) {
        this.registry = registry;
        this.hooks = hooks;
        this.preparation = preparation;
        this.reconciler = reconciler;
        this.libvirt = libvirt;
        this.workers = workers;
        this.audit = audit;
        this.windows = windows;
        this.figures = figures;
        this.manager = manager;
    }

    @Override
    public HookAnswer hook(HookCall call) {
        return hooks.answer(call);
    }

    @Override
    public void request(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        request.demand(Access.READ);
        if (!AUDITED.contains(request.verb())) {
            answer(request, answers);
            return;
        }
        try {
            answer(request, answers);
            record(request, "done");
        } catch (ControlException e) {
            record(request, "refused: " + e.getMessage());
            throw e;
        }
    }

    private void record(Request request, String outcome) {
        Map<String, String> kept;
        try {
            kept = WireRequest.parse(request.arguments().toString()).kept();
        } catch (ProtocolException e) {
            kept = Map.of();
        }
        audit.record(request.peer().user(), request.verb(), named(request), outcome, kept);
    }

    private Optional<Notice.Domain> named(Request request) {
        try {
            ManagedDomain domain = domain(request);
            return Optional.of(new Notice.Domain(domain.uuid(), domain.name()));
        } catch (ControlException e) {
            return Optional.empty();
        }
    }

    private void answer(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        switch (request.verb()) {
            case "about" -> answers.send(manager.about());
            case "list" -> {
                for (ManagedDomain domain : registry.byName()) {
                    answers.send(DomainJson.summary(domain));
                }
            }
            case "top" -> {
                long now = System.nanoTime();
                for (DomainFigures domain : figures.domains()) {
                    answers.send(DomainJson.figures(domain, now));
                }
            }
            case "info" -> info(request, answers);
            case "status" -> {
                ObjectNode status = DomainJson.status(domain(request));
                windows.until(domain(request).uuid())
                        .ifPresent(until -> status.put("checksSuspendedUntil", until.toString()));
                answers.send(status);
            }
            case "wait" ->
                answers.send(JsonNodeFactory.instance
                        .objectNode()
                        .put(
                                "state",
                                domain(request)
                                        .awaitOutcome(request.arguments()
                                                .path("milliseconds")
                                                .asLong(60_000))
                                        .word()));
            case "check" -> check(request, answers);
            case "reload" -> {
                request.demand(Access.CHANGE);
                reload(answers);
            }
            case "events" -> events(request, answers);
            case "violations" -> incidents(request, answers, true);
            case "findings" -> incidents(request, answers, false);
            case "audit" -> {
                request.demand(Access.CHANGE);
                for (AuditEntry entry :
                        audit.last(request.arguments().path("limit").asInt(DEFAULT_AUDIT))) {
                    answers.send(Codec.tree(entry));
                }
            }
            case "dumpxml" -> dumpXml(request, answers);
            case "apply" -> setElement(request, answers, Optional.of(request.text("element")));
            case "remove" -> setElement(request, answers, Optional.empty());
            case "suspend-checks" -> suspendChecks(request, answers);
            case "resume-checks" -> {
                request.demand(Access.CHANGE);
                answers.send(JsonNodeFactory.instance
                        .objectNode()
                        .put("resumed", windows.resume(domain(request))));
            }
            default ->
                throw new ControlException("sim-manager does not know the verb '" + request.verb()
                        + "'; is virt-sim newer than the daemon that runs? (systemctl "
                        + "restart sim-manager)");
        }
    }

    private void suspendChecks(Request request, Answers answers)
            throws ControlException, IOException {
        request.demand(Access.CHANGE);
        Duration time = Duration.ofSeconds(request.arguments().path("seconds").asLong());
        try {
            Instant until = windows.suspend(
                    domain(request), time, request.arguments().path("reason").asText());
            answers.send(JsonNodeFactory.instance.objectNode().put("until", until.toString()));
        } catch (MaintenanceException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    private ManagedDomain domain(Request request) throws ControlException {
        String name = request.text("domain");
        return registry.find(name)
                .orElseThrow(() -> new ControlException("there is no domain '" + name
                        + "'; 'virt-sim list' shows those there are"));
    }

    private void info(Request request, Answers answers) throws ControlException, IOException {
        ManagedDomain domain = domain(request);
        ObjectNode json = DomainJson.info(domain);
        if (request.arguments().path("layout").asBoolean()) {
            request.demand(Access.ROOT);
            DomainSession session = domain.session()
                    .orElseThrow(() -> new ControlException("domain '" + domain.name()
                            + "' has no region: it is not under SIM, or does not run"));
            json.set("layout", DomainJson.layout(session.region().layout()));
        }
        answers.send(json);
    }

    private void check(Request request, Answers answers) throws ControlException, IOException {
        request.demand(Access.CHANGE);
        ManagedDomain domain = domain(request);
        Set<IntegrityCheck> checks = EnumSet.noneOf(IntegrityCheck.class);
        for (var name : request.arguments().path("checks")) {
            checks.add(byName(name.asText()));
        }
        if (checks.isEmpty()) {
            checks.addAll(EnumSet.allOf(IntegrityCheck.class));
        }
        Optional<CheckReport> report = domain.session().flatMap(session -> session.round(checks));
        answers.send(DomainJson.report(report.orElseThrow(() -> new ControlException(
                "domain '" + domain.name() + "' can't be checked: its guest is not armed (state: "
                        + domain.state().word() + ")"))));
    }

    private static IntegrityCheck byName(String name) throws ControlException {
        for (IntegrityCheck check : IntegrityCheck.values()) {
            if (check.xmlName().equals(name)) {
                return check;
            }
        }
        throw new ControlException("there is no check '" + name + "'; there are "
                + String.join(
                        ", ",
                        EnumSet.allOf(IntegrityCheck.class).stream()
                                .map(IntegrityCheck::xmlName)
                                .toList()));
    }

    private void reload(Answers answers) throws ControlException, IOException {
        try {
            SettingsReload reload = manager.reload();
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            reload.changed().forEach(json.putArray("changed")::add);
            reload.nextStart().forEach(json.putArray("nextStart")::add);
            answers.send(json);
        } catch (SettingsException e) {
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            e.problems().forEach(problem -> json.withArray("problems").add(problem.toString()));
            answers.send(json);
            throw new ControlException(
                    "the configuration has " + e.problems().size()
                            + (e.problems().size() == 1 ? " mistake" : " mistakes")
                            + "; the old one stays in force",
                    e);
        }
    }

    /** What guests do is not for everybody who may log in on the host. */
    private void events(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        request.demand(Access.CHANGE);
        boolean follow = request.arguments().path("follow").asBoolean();
        long limit =
                request.arguments().path("limit").asLong(follow ? Long.MAX_VALUE : DEFAULT_EVENTS);
        if (limit < 1) {
            throw new ControlException(
                    "a limit of " + limit + " events shows nothing; give 1 or more");
        }
        EventFollower follower = new EventFollower(
                domain(request),
                EventFilter.of(request.arguments().path("types")),
                request.arguments().path("output").asText().equals("json"),
                limit,
                answers);
        if (follow) {
            follower.follow();
        } else {
            follower.recent(RecentEvents.CAPACITY);
        }
    }

    private void incidents(Request request, Answers answers, boolean violations)
            throws ControlException, IOException {
        int limit = request.arguments().path("limit").asInt(IncidentLog.CAPACITY);
        for (var incident : domain(request)
                .incidents()
                .last(limit, each -> each.violation().isPresent() == violations)) {
            answers.send(IncidentJson.of(incident));
        }
    }

    private static Domains.Copy copy(Request request) {
        return request.arguments().path("persistent").asBoolean()
                ? Domains.Copy.PERSISTENT
                : Domains.Copy.LIVE;
    }

    private void dumpXml(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        ManagedDomain domain = domain(request);
        String xml = onWorker(
                domain, "reading the XML", () -> libvirt.xml(domain.uuid(), copy(request)));
        answers.send(JsonNodeFactory.instance.objectNode().put("xml", xml));
    }

    private void setElement(Request request, Answers answers, Optional<String> element)
            throws ControlException, IOException, InterruptedException {
        request.demand(Access.CHANGE);
        ManagedDomain domain = domain(request);
        boolean live = request.arguments().path("live").asBoolean();
        boolean persistent = request.arguments().path("persistent").asBoolean(!live);
        if (element.isPresent()) {
            check(element.get());
        }
        if (live && !domain.active()) {
            throw new ControlException(
                    "domain '" + domain.name() + "' does not run; leave --live out");
        }
        onWorker(domain, "setting the element", () -> {
            Optional<String> fragment = element.map(SimElement::withoutNamespace);
            if (live) {
                libvirt.setMetadata(domain.uuid(), Domains.Copy.LIVE, fragment);
            }
            if (persistent) {
                libvirt.setMetadata(domain.uuid(), Domains.Copy.PERSISTENT, fragment);
            }
            reconciler.reconcile(domain);
            return "";
        });
        ObjectNode answer = DomainJson.summary(domain);
        answer.put("takesEffect", domain.active() ? "next-start" : "start");
        answers.send(answer);
    }

    /** A mistake is told now rather than when the domain is started. */
    private void check(String element) throws ControlException {
        try {
            preparation.checkMonitors(
                    SimSettingsReader.read(DomainDocument.parse(element, "element"))
                            .orElseThrow(() -> new ControlException(
                                    "there is no <sim:sim> element in what was given")));
        } catch (SettingsException e) {
            throw new ControlException(e.oneLine(), e);
        } catch (PreparationException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    /** A call that may take long. */
    @FunctionalInterface
    private interface Call {
        String run() throws LibvirtException, SettingsException;
    }

    /** Runs a call on the domain's worker, after what it does already. */
    private String onWorker(ManagedDomain domain, String what, Call call)
            throws ControlException, InterruptedException {
        CompletableFuture<String> result = new CompletableFuture<>();
        workers.submit(domain.uuid(), what, () -> {
            try {
                result.complete(call.run());
            } catch (LibvirtException | SettingsException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get(LIBVIRT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new ControlException(
                    "libvirt is busy with domain '" + domain.name() + "' (migration, shutdown?); "
                            + what + " will be done when it is free",
                    e);
        } catch (ExecutionException e) {
            String reason = e.getCause() instanceof SettingsException settings
                    ? settings.oneLine()
                    : e.getCause().getMessage();
            throw new ControlException(reason, e.getCause());
        }
    }
}
