// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "violations", mixinStandardHelpOptions = true,
        description = "Show rules that a guest broke: probes of the region, writes to sealed pages, misuse of VMFUNC.")
final class ViolationsCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(names = {"-n", "--limit"}, paramLabel = "N", defaultValue = "1000", description = "Show the last N (default: all that are remembered).")
    private int limit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        IncidentPrinter.print(out, manager, ManagerOptions.request("violations", domain).put("limit", limit));
        return 0;
    }
}
