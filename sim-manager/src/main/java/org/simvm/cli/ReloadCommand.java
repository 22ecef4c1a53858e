// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Reload;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;

@Command(
        name = "reload",
        mixinStandardHelpOptions = true,
        description = {
            "Have the manager read its configuration again.",
            "If there are mistakes in it, all of them are shown, and the old one stays in force "
                    + "(exit status 1)."
        })
final class ReloadCommand extends ManagerCommand {
    @Override
    public Integer call() throws Exception {
        client().follow(Verbs.RELOAD, new NoArguments(), answer -> {
            if (!json() && answer.problems().isPresent()) {
                answer.problems()
                        .get()
                        .forEach(problem -> spec().commandLine()
                                .getErr()
                                .println("virt-sim: " + Terminal.oneLine(problem)));
            } else {
                show(answer, () -> text(answer));
            }
            return true;
        });
        return 0;
    }

    private static String text(Reload reload) {
        List<String> changed = reload.changed().orElse(List.of());
        List<String> waiting = reload.nextStart().orElse(List.of());
        return "The configuration was read again; "
                + (changed.isEmpty() ? "nothing changed" : "in force: " + words(changed))
                + (waiting.isEmpty()
                        ? ""
                        : "\nIn force when sim-manager is restarted: " + words(waiting));
    }

    private static String words(List<String> keys) {
        return Terminal.oneLine(String.join(", ", keys));
    }
}
