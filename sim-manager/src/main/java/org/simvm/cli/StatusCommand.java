// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.OptionalLong;
import org.simvm.domain.DomainState;
import org.simvm.protocol.DomainRequest;
import org.simvm.protocol.DomainStatus;
import org.simvm.protocol.ManagerStatus;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verbs;
import org.simvm.protocol.WaitRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = {"Show how a domain is doing; without DOMAIN, how the manager is."})
final class StatusCommand extends ManagerCommand {
    @Parameters(arity = "0..1", paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            description = "Wait until the guest is armed, for SECONDS at most; exit status 1 if it "
                    + "is not armed then.")
    private Double wait;

    @Override
    public Integer call() throws Exception {
        if (domain == null) {
            ManagerStatus manager = client().askOne(Verbs.ABOUT, new NoArguments());
            show(manager, () -> StatusText.of(manager));
            return 0;
        }
        boolean inTime = wait == null || isArmedWithin((long) (wait * 1000));
        DomainStatus status = client().askOne(Verbs.STATUS, new DomainRequest(domain));
        show(status, () -> StatusText.of(status));
        return inTime ? 0 : 1;
    }

    private boolean isArmedWithin(long milliseconds) throws Exception {
        WaitRequest request = new WaitRequest(domain, OptionalLong.of(milliseconds));
        return client().askOne(Verbs.WAIT, request).state() == DomainState.ARMED;
    }
}
