// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.Optional;
import org.simvm.protocol.ElementChange;
import picocli.CommandLine.Option;

/** Which of a domain's copies of the element is changed, as virsh's --live and --config say. */
final class ElementTarget {
    @Option(
            names = "--live",
            description = "Change the running domain's copy of the element. What is in force until "
                    + "the domain ends stays in force.")
    private boolean live;

    @Option(
            names = "--config",
            description = "Change the persistent copy (default, unless --live is given).")
    private boolean config;

    boolean live() {
        return live;
    }

    Optional<Boolean> persistent() {
        return Optional.of(config || !live);
    }

    static String name(ElementChange change) {
        return "Domain '" + Terminal.oneLine(change.domain().name()) + "'";
    }
}
