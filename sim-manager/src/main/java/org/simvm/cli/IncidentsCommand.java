// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.OptionalInt;
import org.simvm.protocol.IncidentReport;
import org.simvm.protocol.IncidentsRequest;
import org.simvm.protocol.Verb;
import picocli.CommandLine.Option;

/** Shows incidents of a domain. */
abstract class IncidentsCommand<A extends Record & IncidentReport> extends DomainCommand {
    private final Verb<IncidentsRequest, A> verb;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            defaultValue = "1000",
            description = "Show the last N (default: all that are remembered).")
    private int limit;

    IncidentsCommand(Verb<IncidentsRequest, A> verb) {
        this.verb = verb;
    }

    @Override
    public final Integer call() throws Exception {
        client().ask(verb, new IncidentsRequest(domain(), OptionalInt.of(limit)))
                .forEach(incident -> show(incident, () -> line(incident)));
        return 0;
    }

    private static String line(IncidentReport incident) {
        return Terminal.oneLine(incident.time() + "  " + incident.text() + "  ["
                + incident.action().orElse("") + "]");
    }
}
