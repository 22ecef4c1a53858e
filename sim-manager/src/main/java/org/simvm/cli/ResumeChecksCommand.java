// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "resume-checks",
        mixinStandardHelpOptions = true,
        description = "End what 'suspend-checks' began before its time; each group of checks has "
                + "one round at once.")
final class ResumeChecksCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ObjectNode answer = manager.askOne(ManagerOptions.request("resume-checks", domain));
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                manager.json()
                        ? answer.toString()
                        : "Scheduled checks of domain '" + Terminal.oneLine(domain)
                                + (answer.path("resumed").asBoolean()
                                        ? "' run again"
                                        : "' were not suspended"));
        out.flush();
        return 0;
    }
}
