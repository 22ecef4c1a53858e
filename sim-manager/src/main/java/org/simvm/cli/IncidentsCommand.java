// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows incidents of a domain; the manager's verb for them is the command's own name. */
abstract class IncidentsCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            defaultValue = "1000",
            description = "Show the last N (default: all that are remembered).")
    private int limit;

    @Spec
    private CommandSpec spec;

    @Override
    public final Integer call() throws Exception {
        IncidentPrinter.print(
                spec.commandLine().getOut(),
                manager,
                ManagerOptions.request(spec.name(), domain).put("limit", limit));
        return 0;
    }
}
