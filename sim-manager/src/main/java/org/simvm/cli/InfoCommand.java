// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.DomainInfo;
import org.simvm.protocol.InfoRequest;
import org.simvm.protocol.Verbs;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "info",
        mixinStandardHelpOptions = true,
        description =
                "Show what a domain is set to, and what was found and done when its guest was "
                        + "armed.")
final class InfoCommand extends DomainCommand {
    @Option(
            names = "--layout",
            description = "Show where the region is too: guest-physical addresses, and for view "
                    + "'process' addresses in the monitors'"
                    + " process. This is secret: root only.")
    private boolean layout;

    @Override
    public Integer call() throws Exception {
        DomainInfo info = client().askOne(Verbs.INFO, new InfoRequest(domain(), layout));
        show(info, () -> InfoText.of(info));
        return 0;
    }
}
