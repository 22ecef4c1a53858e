// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "remove",
        mixinStandardHelpOptions = true,
        description = "Take a domain off SIM from its next start on: remove its element, and put "
                + "its former emulator back.")
final class RemoveCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--live",
            description = "Remove it from the running domain's copy. SIM stays in force until the "
                    + "domain ends.")
    private boolean live;

    @Option(
            names = "--config",
            description = "Remove it from the persistent copy (default, unless --live is given).")
    private boolean config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ObjectNode request = ManagerOptions.request("remove", domain);
        ElementTarget.put(request, live, config);
        ObjectNode answer = manager.askOne(request);
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                manager.json()
                        ? answer.toString()
                        : "Domain '" + Terminal.oneLine(answer.path("name").asText())
                                + "' is no longer under SIM"
                                + (answer.path("active").asBoolean()
                                        ? " from its next start on"
                                        : ""));
        out.flush();
        return 0;
    }
}
