// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "host-validate", mixinStandardHelpOptions = true,
        description = "Check whether this host has what SIM needs, as virt-host-validate does; exit status 1 if something is missing.")
final class HostValidateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<HostChecks.Outcome> outcomes = new HostChecks(ManagerOptions.settings()).run();
        for (HostChecks.Outcome outcome : outcomes) {
            out.printf("%6s: Checking %-66s : %s%s%n", "SIM", outcome.what(), Terminal.coloured(outcome.verdict().name()),
                    outcome.advice().isEmpty() ? "" : " (" + Terminal.oneLine(outcome.advice()) + ")");
        }
        out.flush();
        return outcomes.stream().anyMatch(outcome -> outcome.verdict() == HostChecks.Verdict.FAIL) ? 1 : 0;
    }
}
