// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.simvm.settings.ManagerSettings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** For packaging: the pages of commands that {@code --help} lists, and of the configuration. */
@Command(
        name = "generate-man-pages",
        mixinStandardHelpOptions = true,
        hidden = true,
        description = "Write the manual pages into man1 and man5 of a directory.")
final class GenerateManPagesCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIRECTORY", description = "Such as /usr/share/man.")
    private Path directory;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        CommandLine program = spec.root().commandLine();
        page(program);
        for (CommandLine verb : program.getSubcommands().values()) {
            if (!verb.getCommandSpec().usageMessage().hidden()
                    && verb.getCommandSpec().usageMessage().description().length > 0) {
                page(verb);
            }
        }
        try (InputStream defaults = ManagerSettings.class.getResourceAsStream("sim-manager.conf")) {
            write(
                    5,
                    "sim-manager.conf",
                    ManPage.ofConfiguration(
                            new String(defaults.readAllBytes(), StandardCharsets.UTF_8)
                                    .lines()
                                    .toList()));
        }
        return 0;
    }

    private void page(CommandLine command) throws IOException {
        write(1, command.getCommandSpec().qualifiedName("-"), ManPage.of(command.getCommandSpec()));
    }

    private void write(int section, String name, String roff) throws IOException {
        Path folder = Files.createDirectories(directory.resolve("man" + section));
        Files.writeString(folder.resolve(name + "." + section), roff);
    }
}
