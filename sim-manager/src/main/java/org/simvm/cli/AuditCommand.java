// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.OptionalInt;
import org.simvm.protocol.AuditEntry;
import org.simvm.protocol.AuditRequest;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Show who changed what, when, and whether it was done; oldest first.")
final class AuditCommand extends ManagerCommand {
    private static final int LONGEST_VALUE = 60;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            defaultValue = "100",
            description =
                    "Show the last N (default: ${DEFAULT-VALUE}; the manager remembers 1000).")
    private int limit;

    @Override
    public Integer call() throws Exception {
        client().ask(Verbs.AUDIT, new AuditRequest(OptionalInt.of(limit)))
                .forEach(entry -> show(entry, () -> line(entry)));
        return 0;
    }

    private static String line(AuditEntry entry) {
        StringBuilder line = new StringBuilder(entry.time().toString())
                .append("  ")
                .append(entry.user())
                .append("  ")
                .append(entry.verb());
        entry.domain().ifPresent(domain -> line.append(' ').append(domain));
        entry.arguments()
                .ifPresent(arguments -> arguments.forEach((name, value) -> line.append(' ')
                        .append(name)
                        .append('=')
                        .append(
                                value.length() <= LONGEST_VALUE
                                        ? value
                                        : value.substring(0, LONGEST_VALUE) + "...")));
        return Terminal.oneLine(line.append(": ").append(entry.outcome()).toString());
    }
}
