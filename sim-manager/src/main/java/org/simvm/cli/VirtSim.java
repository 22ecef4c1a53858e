// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import java.util.Set;
import org.simvm.daemon.ManagerVersion;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The program {@code virt-sim}. */
@Command(
        name = "virt-sim",
        mixinStandardHelpOptions = true,
        versionProvider = VirtSim.Version.class,
        description = "Secure in-VM monitoring for libvirt domains.",
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all is well",
            "1:failure",
            "2:wrong usage",
            "3:a violation of integrity was found"
        },
        commandListHeading = "%nCommands (DOMAIN is a name, an id or a UUID):%n",
        footer = {
            "",
            "A domain is put under SIM by a <sim:sim> element in its metadata, set by "
                    + "'virt-sim apply' or 'virsh metadata'."
        })
public final class VirtSim implements Runnable {
    /** Exit status of a check that found something. */
    static final int VIOLATION_FOUND = 3;

    /** Every command, in the order of the help; the last three look at all of them. */
    private static final List<Class<?>> COMMANDS = List.of(
            ListCommand.class,
            InfoCommand.class,
            StatusCommand.class,
            TopCommand.class,
            ApplyCommand.class,
            RemoveCommand.class,
            CheckCommand.class,
            SuspendChecksCommand.class,
            ResumeChecksCommand.class,
            EventsCommand.class,
            ViolationsCommand.class,
            FindingsCommand.class,
            AuditCommand.class,
            DumpXmlCommand.class,
            ValidateCommand.class,
            TransformCommand.class,
            HostValidateCommand.class,
            ReloadCommand.class,
            DaemonCommand.class,
            CommandLine.HelpCommand.class,
            AutoComplete.GenerateCompletion.class,
            GenerateManPagesCommand.class);

    private static final Set<Class<?>> LOOK_AT_ALL = Set.of(
            CommandLine.HelpCommand.class,
            AutoComplete.GenerateCompletion.class,
            GenerateManPagesCommand.class);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** Tells the version. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"virt-sim " + ManagerVersion.text()};
        }
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "which command? 'virt-sim --help' lists them");
    }

    /** Runs the program and ends the process with its exit status. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /**
     * Returns the program's commands and options; those that only its packaging needs are hidden.
     */
    static CommandLine commandLine() {
        return commandLine(COMMANDS);
    }

    /**
     * Returns the program with the command that the arguments begin with, or with all if they begin
     * with none. To build every command takes most of a short one's time.
     */
    private static CommandLine commandLineFor(String... arguments) {
        return commandLine(COMMANDS.stream()
                .filter(command -> arguments.length > 0
                        && !LOOK_AT_ALL.contains(command)
                        && command.getAnnotation(Command.class).name().equals(arguments[0]))
                .findFirst()
                .<List<Class<?>>>map(List::of)
                .orElse(COMMANDS));
    }

    private static CommandLine commandLine(List<Class<?>> commands) {
        CommandLine line = new CommandLine(new VirtSim());
        commands.forEach(line::addSubcommand);
        CommandLine completion = line.getSubcommands().get("generate-completion");
        if (completion != null) {
            completion.getCommandSpec().usageMessage().hidden(true);
        }
        return line;
    }

    /** Runs the program; returns its exit status. */
    static int execute(String... arguments) {
        CommandLine line = commandLineFor(arguments);
        line.setParameterExceptionHandler((wrong, given) -> {
            wrong.getCommandLine()
                    .getErr()
                    .println("virt-sim: " + Terminal.oneLine(wrong.getMessage()) + "; see '"
                            + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help'");
            return CommandLine.ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            String message =
                    failure.getMessage() == null ? failure.toString() : failure.getMessage();
            command.getErr().println("virt-sim: " + Terminal.oneLine(message));
            return CommandLine.ExitCode.SOFTWARE;
        });
        return line.execute(arguments);
    }
}
