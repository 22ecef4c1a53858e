// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "suspend-checks",
        mixinStandardHelpOptions = true,
        description = {
            "Let no scheduled integrity check of a domain run for a while, because somebody "
                    + "works on its guest.",
            "Violations are still told, and checks by hand still run. The time ends by "
                    + "itself, outlives the manager, and is kept in the audit trail."
        })
final class SuspendChecksCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            required = true,
            converter = TimeSpan.class,
            description =
                    "For how long: a number and s, m, h or d (45m, 2h), one second to seven days.")
    private Duration time;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Why, for the audit trail.")
    private String reason;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ObjectNode answer = manager.askOne(ManagerOptions.request("suspend-checks", domain)
                .put("seconds", time.toSeconds())
                .put("reason", reason));
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                manager.json()
                        ? answer.toString()
                        : "Scheduled checks of domain '" + Terminal.oneLine(domain)
                                + "' are suspended until "
                                + Terminal.oneLine(answer.path("until").asText()));
        out.flush();
        return 0;
    }
}
