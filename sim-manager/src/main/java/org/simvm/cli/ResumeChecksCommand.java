// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.DomainRequest;
import org.simvm.protocol.ResumedChecks;
import org.simvm.protocol.Verbs;

import picocli.CommandLine.Command;

@Command(
        name = "resume-checks",
        mixinStandardHelpOptions = true,
        description = "End what 'suspend-checks' began before its time; each group of checks runs "
                + "once right away.")
final class ResumeChecksCommand extends DomainCommand {
    @Override
    public Integer call() throws Exception {
        ResumedChecks answer = client().askOne(Verbs.RESUME_CHECKS, new DomainRequest(domain()));
        show(
                answer,
                () -> "Scheduled checks of domain '" + Terminal.oneLine(domain())
                        + (answer.resumed() ? "' run again" : "' were not suspended"));
        return 0;
    }
}
