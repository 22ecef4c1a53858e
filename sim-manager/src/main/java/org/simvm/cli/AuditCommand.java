// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Show who changed what, when, and whether it was done; oldest first.")
final class AuditCommand implements Callable<Integer> {
    private static final int LONGEST_VALUE = 60;

    @Mixin
    private ManagerOptions manager;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            defaultValue = "100",
            description =
                    "Show the last N (default: ${DEFAULT-VALUE}; the manager remembers 1000).")
    private int limit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<ObjectNode> trail =
                manager.client().ask(ManagerOptions.request("audit").put("limit", limit));
        trail.forEach(entry -> out.println(manager.json() ? entry.toString() : line(entry)));
        out.flush();
        return 0;
    }

    private static String line(JsonNode entry) {
        StringBuilder line = new StringBuilder(entry.path("time").asText())
                .append("  ")
                .append(entry.path("user").asText())
                .append("  ")
                .append(entry.path("verb").asText());
        if (entry.has("domain")) {
            line.append(' ').append(entry.get("domain").asText());
        }
        for (Iterator<Map.Entry<String, JsonNode>> i = entry.path("arguments").fields();
                i.hasNext(); ) {
            Map.Entry<String, JsonNode> argument = i.next();
            String value = argument.getValue().asText();
            line.append(' ')
                    .append(argument.getKey())
                    .append('=')
                    .append(
                            value.length() <= LONGEST_VALUE
                                    ? value
                                    : value.substring(0, LONGEST_VALUE) + "...");
        }
        return Terminal.oneLine(
                line.append(": ").append(entry.path("outcome").asText()).toString());
    }
}
