// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.FindingReport;
import org.simvm.protocol.Verbs;

import picocli.CommandLine.Command;

@Command(
        name = "findings",
        mixinStandardHelpOptions = true,
        description = "Show what integrity checks, and the manager itself, found wrong.")
final class FindingsCommand extends IncidentsCommand<FindingReport> {
    FindingsCommand() {
        super(Verbs.FINDINGS);
    }
}
