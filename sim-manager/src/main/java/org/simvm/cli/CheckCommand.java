// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import org.simvm.protocol.CheckRequest;
import org.simvm.protocol.RoundReport;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Check the integrity of a running guest now; exit status 3 if something is "
                + "not as it was when it was armed.")
final class CheckCommand extends DomainCommand {
    @Option(
            names = "--check",
            paramLabel = "NAME",
            split = ",",
            description = "Only this check (may be repeated), by its name in the domain's element; "
                    + "'virt-sim info' lists them.")
    private List<String> checks = List.of();

    @Override
    public Integer call() throws Exception {
        RoundReport report = client().askOne(Verbs.CHECK, new CheckRequest(domain(), checks));
        show(report, () -> text(report));
        return report.findings() == 0 ? 0 : VirtSim.VIOLATION_FOUND;
    }

    private static String text(RoundReport report) {
        StringBuilder text = new StringBuilder();
        for (RoundReport.Result result : report.results()) {
            text.append(String.format(
                    "%-14s %8.1f ms %10d KiB : %s%n",
                    Terminal.oneLine(result.check()),
                    result.ms(),
                    result.bytes() >> 10,
                    Terminal.coloured(result.findings().isEmpty() ? "PASS" : "VIOLATION")));
            result.findings()
                    .forEach(finding -> text.append("  ")
                            .append(Terminal.oneLine(finding.text()))
                            .append('\n'));
            result.information()
                    .forEach(seen -> text.append("  (")
                            .append(Terminal.oneLine(seen.subject() + ": " + seen.text()))
                            .append(")\n"));
        }
        return text.toString();
    }
}
