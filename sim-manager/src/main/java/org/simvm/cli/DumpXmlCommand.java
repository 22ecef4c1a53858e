// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.DomainXml;
import org.simvm.protocol.DumpXmlRequest;
import org.simvm.protocol.Verbs;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "dumpxml",
        mixinStandardHelpOptions = true,
        description = "Print a domain's XML as libvirt has it.")
final class DumpXmlCommand extends DomainCommand {
    @Option(
            names = "--inactive",
            description = "What the next start will use, even if the domain runs.")
    private boolean inactive;

    @Override
    public Integer call() throws Exception {
        DomainXml answer = client().askOne(Verbs.DUMPXML, new DumpXmlRequest(domain(), inactive));
        out().print(answer.xml());
        out().flush();
        return 0;
    }
}
