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

@Command(
        name = "dumpxml",
        mixinStandardHelpOptions = true,
        description = "Print a domain's XML as libvirt has it.")
final class DumpXmlCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--inactive",
            description = "What the next start will use, even if the domain runs.")
    private boolean inactive;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.print(manager.askOne(
                        ManagerOptions.request("dumpxml", domain).put("persistent", inactive))
                .path("xml")
                .asText());
        out.flush();
        return 0;
    }
}
