// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import static org.simvm.protocol.Access.CHANGE;
import static org.simvm.protocol.Access.READ;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The table of verbs. What the daemon answers, who may ask, what the audit trail keeps and what the
 * manual pages say of it all come from here; {@code org.simvm.api} has a handler for each row.
 */
public final class Verbs {
    private static final boolean AUDITED = true;
    private static final boolean NOT_AUDITED = false;
    private static final List<Verb<?, ?>> TABLE = new ArrayList<>();

    public static final Verb<NoArguments, ManagerStatus> ABOUT =
            row("about", READ, NOT_AUDITED, NoArguments.class, ManagerStatus.class);
    public static final Verb<NoArguments, DomainSummary> LIST =
            row("list", READ, NOT_AUDITED, NoArguments.class, DomainSummary.class);
    public static final Verb<NoArguments, DomainCounts> TOP =
            row("top", READ, NOT_AUDITED, NoArguments.class, DomainCounts.class);
    public static final Verb<InfoRequest, DomainInfo> INFO =
            row("info", READ, NOT_AUDITED, InfoRequest.class, DomainInfo.class);
    public static final Verb<DomainRequest, DomainStatus> STATUS =
            row("status", READ, NOT_AUDITED, DomainRequest.class, DomainStatus.class);
    public static final Verb<WaitRequest, WaitOutcome> WAIT =
            row("wait", READ, NOT_AUDITED, WaitRequest.class, WaitOutcome.class);
    public static final Verb<CheckRequest, RoundReport> CHECK =
            row("check", CHANGE, AUDITED, CheckRequest.class, RoundReport.class);
    public static final Verb<EventsRequest, EventLines> EVENTS =
            row("events", CHANGE, NOT_AUDITED, EventsRequest.class, EventLines.class);
    public static final Verb<IncidentsRequest, ViolationReport> VIOLATIONS =
            row("violations", READ, NOT_AUDITED, IncidentsRequest.class, ViolationReport.class);
    public static final Verb<IncidentsRequest, FindingReport> FINDINGS =
            row("findings", READ, NOT_AUDITED, IncidentsRequest.class, FindingReport.class);
    public static final Verb<AuditRequest, AuditEntry> AUDIT =
            row("audit", CHANGE, NOT_AUDITED, AuditRequest.class, AuditEntry.class);
    public static final Verb<DumpXmlRequest, DomainXml> DUMPXML =
            row("dumpxml", READ, NOT_AUDITED, DumpXmlRequest.class, DomainXml.class);
    public static final Verb<ApplyRequest, ElementChange> APPLY =
            row("apply", CHANGE, AUDITED, ApplyRequest.class, ElementChange.class);
    public static final Verb<ObstaclesRequest, Obstacles> OBSTACLES =
            row("obstacles", CHANGE, NOT_AUDITED, ObstaclesRequest.class, Obstacles.class);
    public static final Verb<RemoveRequest, ElementChange> REMOVE =
            row("remove", CHANGE, AUDITED, RemoveRequest.class, ElementChange.class);
    public static final Verb<SuspendChecksRequest, SuspendedChecks> SUSPEND_CHECKS = row(
            "suspend-checks", CHANGE, AUDITED, SuspendChecksRequest.class, SuspendedChecks.class);
    public static final Verb<DomainRequest, ResumedChecks> RESUME_CHECKS =
            row("resume-checks", CHANGE, AUDITED, DomainRequest.class, ResumedChecks.class);
    public static final Verb<NoArguments, Reload> RELOAD =
            row("reload", CHANGE, AUDITED, NoArguments.class, Reload.class);

    private Verbs() {}

    private static <Q extends Record, A extends Record> Verb<Q, A> row(
            String name, Access access, boolean audited, Class<Q> request, Class<A> answer) {
        Verb<Q, A> verb = new Verb<>(name, access, audited, request, answer);
        TABLE.add(verb);
        return verb;
    }

    /** Returns all rows, in the order of the table. */
    public static List<Verb<?, ?>> all() {
        return Collections.unmodifiableList(TABLE);
    }

    /** Finds the verb with a name. */
    public static Optional<Verb<?, ?>> named(String name) {
        return TABLE.stream()
                .<Verb<?, ?>>map(verb -> verb)
                .filter(verb -> verb.name().equals(name))
                .findFirst();
    }
}
