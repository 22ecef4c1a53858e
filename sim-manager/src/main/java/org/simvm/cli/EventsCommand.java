// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "events",
        mixinStandardHelpOptions = true,
        description = {
            "Show what a domain's monitors saw: the last events, or with --follow those to "
                    + "come, alerts among them."
        })
final class EventsCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = {"-f", "--follow"},
            description = "Show events as they come, until the limit or Ctrl-C.")
    private boolean follow;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            description = "Show so many events at most (default: 20; with --follow, no limit).")
    private Long limit;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            split = ",",
            description = "Only this type (may be repeated): syscall, fork, exec, exit, event-N.")
    private List<String> types = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        ObjectNode request = ManagerOptions.request("events", domain)
                .put("follow", follow)
                .put("output", manager.json() ? "json" : "text");
        if (limit != null) {
            request.put("limit", limit);
        }
        ArrayNode wanted = request.putArray("types");
        types.forEach(wanted::add);
        manager.client().follow(request, answer -> {
            for (JsonNode line : answer.path("lines")) {
                out.println(line.asText());
            }
            out.flush();
            return !out.checkError(); // a reader that has seen enough (head) closes the pipe
        });
        return 0;
    }
}
