// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "host-validate",
        mixinStandardHelpOptions = true,
        description =
                "Check whether this host has what SIM needs, as virt-host-validate does; exit "
                        + "status 1 if something is missing.")
final class HostValidateCommand implements Callable<Integer> {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "text|json",
            defaultValue = "text",
            description =
                    "Form of the output (default: ${DEFAULT-VALUE}); json is one object a line.")
    private ManagerOptions.Output output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        return print(
                spec.commandLine().getOut(),
                new HostChecks(ManagerOptions.settings()).run(),
                output == ManagerOptions.Output.json);
    }

    /** Shows outcomes; returns the exit status that follows from them. */
    static int print(PrintWriter out, List<HostChecks.Outcome> outcomes, boolean json) {
        for (HostChecks.Outcome outcome : outcomes) {
            if (json) {
                out.println(json(outcome));
            } else {
                out.printf(
                        "%6s: Checking %-66s : %s%s%n",
                        "SIM",
                        outcome.what(),
                        Terminal.coloured(outcome.verdict().name()),
                        outcome.advice().isEmpty()
                                ? ""
                                : " (" + Terminal.oneLine(outcome.advice()) + ")");
            }
        }
        out.flush();
        return outcomes.stream().anyMatch(outcome -> outcome.verdict() == HostChecks.Verdict.FAIL)
                ? 1
                : 0;
    }

    private static ObjectNode json(HostChecks.Outcome outcome) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("check", outcome.what())
                .put("verdict", outcome.verdict().name().toLowerCase(Locale.ROOT));
        if (!outcome.advice().isEmpty()) {
            json.put("advice", outcome.advice());
        }
        outcome.gate()
                .ifPresent(offer -> json.put("domainType", offer.domainType())
                        .put("gate", offer.gate().xmlName())
                        .put("automatic", offer.automatic()));
        return json;
    }
}
