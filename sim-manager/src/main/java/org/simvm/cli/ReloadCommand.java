// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "reload",
        mixinStandardHelpOptions = true,
        description = {
            "Have the manager read its configuration anew.",
            "If anything is wrong with it, all of that is told, and the old one stays in "
                    + "force (exit status 1)."
        })
final class ReloadCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        manager.client().follow(ManagerOptions.request("reload"), answer -> {
            if (manager.json()) {
                out.println(answer);
            } else {
                print(out, spec.commandLine().getErr(), answer);
            }
            return true;
        });
        out.flush();
        return 0;
    }

    private static void print(PrintWriter out, PrintWriter err, ObjectNode answer) {
        if (answer.has("problems")) {
            answer.get("problems")
                    .forEach(problem ->
                            err.println("virt-sim: " + Terminal.oneLine(problem.asText())));
            return;
        }
        List<String> changed = words(answer.path("changed"));
        out.println("The configuration was read anew; "
                + (changed.isEmpty()
                        ? "nothing changed"
                        : "in force: " + String.join(", ", changed)));
        List<String> waiting = words(answer.path("nextStart"));
        if (!waiting.isEmpty()) {
            out.println("In force when sim-manager is restarted: " + String.join(", ", waiting));
        }
    }

    private static List<String> words(JsonNode array) {
        List<String> words = new ArrayList<>();
        array.forEach(word -> words.add(Terminal.oneLine(word.asText())));
        return words;
    }
}
