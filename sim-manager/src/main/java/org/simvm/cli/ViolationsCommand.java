// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.Verbs;
import org.simvm.protocol.ViolationReport;

import picocli.CommandLine.Command;

@Command(
        name = "violations",
        mixinStandardHelpOptions = true,
        description =
                "Show rules that a guest broke: probes of the region, writes to sealed pages, "
                        + "misuse of VMFUNC.")
final class ViolationsCommand extends IncidentsCommand<ViolationReport> {
    ViolationsCommand() {
        super(Verbs.VIOLATIONS);
    }
}
