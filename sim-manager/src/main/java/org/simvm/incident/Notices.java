// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.simvm.domain.DomainState;
import org.simvm.outlets.Notice;
import org.simvm.policy.Incident;
import org.simvm.protocol.Codec;
import org.simvm.settings.PolicyAction;

/** Puts what the manager wants to be known into notices. */
public final class Notices {
    private Notices() {}

    /** A guest broke a rule, or something was found. */
    public static Notice incident(Notice.Domain domain, Incident incident) {
        return new Notice(
                incident.time(),
                incident instanceof Incident.Broken ? Notice.Kind.VIOLATION : Notice.Kind.FINDING,
                severity(incident),
                Optional.of(domain),
                domain.name() + ": " + IncidentText.oneLine(incident),
                Codec.write(IncidentReports.of(incident)));
    }

    private static Notice.Severity severity(Incident incident) {
        boolean stopped =
                incident instanceof Incident.Broken broken && broken.violation().failStop();
        if (stopped || incident.action().stopsGuest()) {
            return Notice.Severity.CRITICAL;
        }
        return incident.action() == PolicyAction.LOG
                ? Notice.Severity.NOTICE
                : Notice.Severity.WARNING;
    }

    /** A domain's state under SIM changed. */
    public static Notice state(
            Notice.Domain domain, DomainState before, DomainState now, Optional<String> problem) {
        Map<String, String> data = new LinkedHashMap<>();
        data.put("state", now.word());
        data.put("before", before.word());
        problem.ifPresent(reason -> data.put("problem", reason));
        return new Notice(
                Instant.now(),
                Notice.Kind.STATE,
                now.isAlarming() ? Notice.Severity.WARNING : Notice.Severity.INFO,
                Optional.of(domain),
                domain.name() + ": " + now.word() + " (was " + before.word() + ")"
                        + problem.map(reason -> ": " + reason).orElse(""),
                Codec.write(data));
    }

    /** A domain's guest was armed with another kernel than at its last boot. */
    public static Notice kernel(Notice.Domain domain, KernelBuild before, KernelBuild now) {
        Map<String, String> data = new LinkedHashMap<>();
        data.put("state", DomainState.ARMED.word());
        data.put("before", DomainState.ARMED.word());
        data.put("kernel", now.banner());
        now.buildId().ifPresent(id -> data.put("buildId", id));
        data.put("kernelBefore", before.banner());
        before.buildId().ifPresent(id -> data.put("buildIdBefore", id));
        return new Notice(
                Instant.now(),
                Notice.Kind.STATE,
                Notice.Severity.NOTICE,
                Optional.of(domain),
                domain.name() + ": boots another kernel: " + now + ", before: " + before,
                Codec.write(data));
    }

    /** The manager itself: one word for programs, one line for people. */
    public static Notice manager(Notice.Severity severity, String event, String text) {
        return new Notice(
                Instant.now(),
                Notice.Kind.MANAGER,
                severity,
                Optional.empty(),
                text,
                Codec.write(Map.of("event", event)));
    }
}
