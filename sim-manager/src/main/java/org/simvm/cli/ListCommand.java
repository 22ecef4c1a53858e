// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "List the domains under SIM and how they are.")
final class ListCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Option(names = "--all", description = "List the domains that are not under SIM too.")
    private boolean all;

    @Option(names = "--name", description = "Print names only.")
    private boolean namesOnly;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<ObjectNode> domains = manager.client().ask(ManagerOptions.request("list")).stream()
                .filter(domain -> all || !domain.path("state").asText().equals("none"))
                .toList();
        if (manager.json()) {
            domains.forEach(out::println);
        } else if (namesOnly) {
            domains.forEach(
                    domain -> out.println(Terminal.oneLine(domain.path("name").asText())));
        } else {
            List<List<String>> rows = new ArrayList<>();
            for (ObjectNode domain : domains) {
                rows.add(List.of(
                        domain.has("id") ? domain.get("id").asText() : "-",
                        domain.path("name").asText(),
                        domain.path("state").asText(),
                        domain.path("required").asBoolean() ? "yes" : "no",
                        StreamSupport.stream(domain.path("monitors").spliterator(), false)
                                .map(each -> each.asText())
                                .collect(Collectors.joining(","))));
            }
            Terminal.table(out, List.of("Id", "Name", "SIM", "Required", "Monitors"), rows);
        }
        out.flush();
        return 0;
    }
}
