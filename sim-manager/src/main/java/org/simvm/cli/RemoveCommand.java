// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.ElementChange;
import org.simvm.protocol.RemoveRequest;
import org.simvm.protocol.Verbs;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "remove",
        mixinStandardHelpOptions = true,
        description = "Take a domain off SIM from its next start on: remove its element, and put "
                + "its former emulator back.")
final class RemoveCommand extends DomainCommand {
    @Mixin
    private ElementTarget target;

    @Override
    public Integer call() throws Exception {
        ElementChange change = client().askOne(
                        Verbs.REMOVE,
                        new RemoveRequest(domain(), target.live(), target.persistent()));
        show(
                change,
                () -> ElementTarget.name(change) + " is no longer under SIM"
                        + (change.domain().active() ? " from its next start on" : ""));
        return 0;
    }
}
