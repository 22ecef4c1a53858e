// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.simvm.libvirt.DomainTransform;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "transform",
        mixinStandardHelpOptions = true,
        description = {
            "Change a domain's XML as its <sim:sim> element wants it, and print it.",
            "For platforms that create transient domains: needs neither libvirt nor the "
                    + "manager, and leaves everything else in the XML as it is."
        })
final class TransformCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "FILE",
            defaultValue = "-",
            description = "The domain's XML ('-', the default: standard input).")
    private String file;

    @Option(
            names = "--emulator",
            paramLabel = "PATH",
            description =
                    "What <emulator> is put back to in a domain that has no <sim:sim> element "
                            + "any more (default: it is removed).")
    private Path emulator;

    @Option(
            names = "--element",
            paramLabel = "ELEMENT",
            description = "A file with the <sim:sim> element of a domain that has none; without "
                    + "this such a domain stays without SIM.")
    private String element;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        try {
            DomainTransform transform =
                    new DomainTransform(ManagerOptions.settings().launcher());
            DomainDocument domain =
                    DomainDocument.parse(InputText.read(file), InputText.name(file));
            if (element != null) {
                domain = DomainTransform.withSettings(
                        domain, DomainDocument.parse(InputText.read(element), element));
            }
            out.print(transform.transform(domain, Optional.ofNullable(emulator)).xml());
            out.flush();
            return 0;
        } catch (SettingsException e) {
            for (Problem problem : e.problems()) {
                spec.commandLine().getErr().println("virt-sim: " + problem);
            }
            return 1;
        }
    }
}
