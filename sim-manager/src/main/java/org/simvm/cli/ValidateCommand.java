// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.simvm.prepare.MonitorLibrary;
import org.simvm.prepare.PreparationException;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.MonitorFiles;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettings;
import org.simvm.settings.SimSettingsReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "validate",
        mixinStandardHelpOptions = true,
        description =
                "Check the <sim:sim> element in a domain's XML, or one by itself, and the monitors "
                        + "that it names; all mistakes are told, with line and column.")
final class ValidateCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "FILE",
            defaultValue = "-",
            description = "The XML ('-', the default: standard input).")
    private String file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        try {
            Optional<SimSettings> settings = SimSettingsReader.read(
                    DomainDocument.parse(InputText.read(file), InputText.name(file)));
            MonitorFiles installed = ManagerOptions.settings().monitorFiles();
            // A machine on which XML is written need not be one on which domains run.
            if (settings.isPresent() && Files.exists(installed.core())) {
                new MonitorLibrary(() -> installed).monitors(settings.get().monitors());
            }
            out.println(InputText.name(file)
                    + (settings.isPresent() ? " is valid" : " has no <sim:sim> element"));
            out.flush();
            return 0;
        } catch (PreparationException e) {
            spec.commandLine().getErr().println("virt-sim: " + e.getMessage());
            return 1;
        } catch (SettingsException e) {
            for (Problem problem : e.problems()) {
                spec.commandLine().getErr().println("virt-sim: " + problem);
            }
            return 1;
        }
    }
}
