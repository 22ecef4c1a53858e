// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.time.Duration;
import java.util.Optional;
import org.simvm.protocol.SuspendChecksRequest;
import org.simvm.protocol.SuspendedChecks;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "suspend-checks",
        mixinStandardHelpOptions = true,
        description = {
            "Suspend the scheduled integrity checks of a domain while somebody works on its guest.",
            "Violations are still reported, and 'virt-sim check' still runs. The suspension ends by "
                    + "itself, outlives the manager, and is kept in the audit trail."
        })
final class SuspendChecksCommand extends DomainCommand {
    @Option(
            names = "--for",
            paramLabel = "TIME",
            required = true,
            converter = TimeSpan.class,
            description =
                    "For how long: a number and s, m, h or d (45m, 2h), one second to seven days.")
    private Duration time;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Why, for the audit trail.")
    private String reason;

    @Override
    public Integer call() throws Exception {
        SuspendedChecks suspended = client().askOne(
                        Verbs.SUSPEND_CHECKS,
                        new SuspendChecksRequest(domain(), time.toSeconds(), Optional.of(reason)));
        show(
                suspended,
                () -> "Scheduled checks of domain '" + Terminal.oneLine(domain())
                        + "' are suspended until " + suspended.until());
        return 0;
    }
}
