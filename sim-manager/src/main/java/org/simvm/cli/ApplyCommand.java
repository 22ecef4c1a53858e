// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "apply",
        mixinStandardHelpOptions = true,
        description = {
            "Put a domain under SIM from its next start on: set its element, and have its XML "
                    + "changed."
        },
        footerHeading = "%nWhat a guest under SIM can't do:%n",
        footer = {
            "It is armed while it boots: it can't be migrated, saved, restored or reverted to "
                    + "a snapshot of its memory; libvirt",
            "says so. Memory can't be plugged in or out while it runs. It has no nested "
                    + "guests. Starting another kernel by kexec (kdump",
            "does) counts as an attack and stops it; for a dump of its memory there is 'virsh "
                    + "dump --memory-only'."
        })
final class ApplyCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @ArgGroup
    private What what = new What();

    /** The element, given or put together. */
    static final class What {
        @Option(
                names = "--file",
                paramLabel = "FILE",
                description = "Take the <sim:sim> element from this file ('-': standard input).")
        private String file;

        @ArgGroup(exclusive = false)
        private Parts parts = new Parts();
    }

    /** What the element is put together from. */
    static final class Parts {
        @Option(
                names = "--monitor",
                paramLabel = "NAME",
                split = ",",
                description = "A monitor to run (default: syscalls,process).")
        private List<String> monitors = List.of("syscalls", "process");

        @Option(names = "--required", description = "The domain must not run unless it is armed.")
        private boolean required;

        @Option(
                names = "--check-interval",
                paramLabel = "SECONDS",
                description = "How often integrity is checked (default: 60).")
        private Integer interval;
    }

    @Option(names = "--live", description = "Change the running domain's copy of the element.")
    private boolean live;

    @Option(
            names = "--config",
            description = "Change the persistent copy (default, unless --live is given).")
    private boolean config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ObjectNode request = ManagerOptions.request("apply", domain).put("element", element());
        ElementTarget.put(request, live, config);
        ObjectNode answer = manager.askOne(request);
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                manager.json()
                        ? answer.toString()
                        : "Domain '" + Terminal.oneLine(answer.path("name").asText())
                                + "' is under SIM "
                                + (answer.path("takesEffect").asText().equals("start")
                                        ? "when it is started"
                                        : "from its next start on (it runs now)"));
        out.flush();
        return 0;
    }

    private String element() throws Exception {
        if (what.file != null) {
            return InputText.read(what.file);
        }
        StringBuilder element = new StringBuilder("<sim required='")
                .append(what.parts.required ? "yes" : "no")
                .append("'>");
        for (String monitor : what.parts.monitors) {
            element.append("<monitor name='").append(escaped(monitor)).append("'/>");
        }
        if (what.parts.interval != null) {
            element.append("<integrity interval='").append(what.parts.interval).append("'/>");
        }
        return element.append("</sim>").toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }
}
