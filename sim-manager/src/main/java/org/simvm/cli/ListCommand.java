// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import org.simvm.domain.DomainState;
import org.simvm.protocol.DomainSummary;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "List the domains under SIM and the state of each.")
final class ListCommand extends ManagerCommand {
    @Option(names = "--all", description = "List the domains that are not under SIM too.")
    private boolean all;

    @Option(names = "--name", description = "Print names only.")
    private boolean namesOnly;

    @Override
    public Integer call() throws Exception {
        List<DomainSummary> domains = client().ask(Verbs.LIST, new NoArguments()).stream()
                .filter(domain -> all || domain.state() != DomainState.NONE)
                .toList();
        if (json() || namesOnly) {
            domains.forEach(domain -> show(domain, () -> Terminal.oneLine(domain.name())));
        } else {
            Terminal.table(
                    out(),
                    List.of("Id", "Name", "SIM", "Required", "Monitors"),
                    domains.stream().map(ListCommand::row).toList());
            domains.forEach(this::problem);
            out().flush();
        }
        return 0;
    }

    private void problem(DomainSummary domain) {
        domain.problem()
                .filter(problem -> domain.state().isAlarming())
                .ifPresent(problem -> out().println(Terminal.oneLine(
                        domain.name() + " is " + domain.state().word() + ": " + problem)));
    }

    private static List<String> row(DomainSummary domain) {
        return List.of(
                domain.id().isPresent() ? Integer.toString(domain.id().getAsInt()) : "-",
                domain.name(),
                domain.state().word(),
                domain.required().orElse(false) ? "yes" : "no",
                String.join(",", domain.monitors().orElse(List.of())));
    }
}
