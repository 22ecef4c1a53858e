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
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Check the integrity of a running guest now; exit status 3 if something is "
                + "not as it was when it was armed.")
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--check",
            paramLabel = "NAME",
            split = ",",
            description = "Only this check (may be repeated), by its name in the domain's element; "
                    + "'virt-sim info' lists them.")
    private List<String> checks = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        ObjectNode request = ManagerOptions.request("check", domain);
        ArrayNode names = request.putArray("checks");
        checks.forEach(names::add);
        ObjectNode report = manager.askOne(request);
        int findings = 0;
        for (JsonNode result : report.path("results")) {
            findings += result.path("findings").size();
        }
        if (manager.json()) {
            out.println(report);
        } else {
            print(out, report);
        }
        out.flush();
        return findings == 0 ? 0 : VirtSim.VIOLATION_FOUND;
    }

    private static void print(PrintWriter out, JsonNode report) {
        for (JsonNode result : report.path("results")) {
            boolean clean = result.path("findings").isEmpty();
            out.printf(
                    "%-14s %8.1f ms %10d KiB : %s%n",
                    Terminal.oneLine(result.path("check").asText()),
                    result.path("ms").asDouble(),
                    result.path("bytes").asLong() >> 10,
                    Terminal.coloured(clean ? "PASS" : "VIOLATION"));
            for (JsonNode finding : result.path("findings")) {
                out.println("  " + Terminal.oneLine(finding.path("text").asText()));
            }
            for (JsonNode told : result.path("information")) {
                out.println("  ("
                        + Terminal.oneLine(told.path("subject").asText() + ": "
                                + told.path("text").asText())
                        + ")");
            }
        }
    }
}
