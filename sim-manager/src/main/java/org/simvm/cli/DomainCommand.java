// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import picocli.CommandLine.Parameters;

/** A command about one domain. */
abstract class DomainCommand extends ManagerCommand {
    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    final String domain() {
        return domain;
    }
}
