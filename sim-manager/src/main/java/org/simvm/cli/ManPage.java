// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Writes manual pages in man(7)'s language, out of what commands and configuration say of
 * themselves, so that no page can tell of an option that is not there, or leave one out.
 *
 * <p>Picocli's own generator ({@code picocli-codegen}) writes AsciiDoc: Asciidoctor, with its Ruby,
 * would have to be there wherever SIM is built, and configuration files it knows nothing of.
 */
final class ManPage {
    private static final String MANUAL = "Secure in-VM monitoring";

    private final StringBuilder roff = new StringBuilder();

    private ManPage(String name, int section, String oneLine) {
        roff.append(".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n.TH ")
                .append(quoted(name.toUpperCase(Locale.ROOT)))
                .append(' ')
                .append(section)
                .append(" \"\" \"sim-manager\" \"")
                .append(MANUAL)
                .append("\"\n.nh\n.ad l\n");
        head("NAME");
        roff.append(escaped(name)).append(" \\- ").append(escaped(oneLine)).append('\n');
    }

    /** Returns the page of one command; the program's own lists its verbs. */
    static String of(CommandSpec command) {
        String name = command.qualifiedName("-");
        String[] description = command.usageMessage().description();
        ManPage page = new ManPage(name, 1, withoutEnd(description[0]));
        page.head("SYNOPSIS");
        page.roff
                .append(".B ")
                .append(escaped(new Help(command, Help.defaultColorScheme(Ansi.OFF))
                        .synopsis(0)
                        .replaceAll("\\s+", " ")
                        .strip()))
                .append('\n');
        page.head("DESCRIPTION");
        for (String paragraph : description) {
            page.paragraph(paragraph);
        }
        page.verbs(command);
        page.arguments(command);
        page.footer(command);
        return page.roff.toString();
    }

    /**
     * Returns the page of the configuration file, from the file of defaults that describes every
     * key.
     *
     * @param defaults comments, each above its keys
     */
    static String ofConfiguration(List<String> defaults) {
        ManPage page = new ManPage("sim-manager.conf", 5, "configuration of sim-manager");
        page.head("DESCRIPTION");
        page.paragraph("Lines of key = value. The first of these layers that has a key wins: the "
                + "command line (sim-manager -D KEY=VALUE); the "
                + "environment (SIM_RUN_DIR for run.dir, and so on); "
                + "/etc/sim-manager/conf.d/*.conf, the last in the alphabet first; "
                + "/etc/sim-manager/sim-manager.conf; the defaults below. 'virt-sim "
                + "reload' reads them anew.");
        page.head("KEYS AND DEFAULTS");
        List<String> comment = new ArrayList<>();
        List<String> keys = new ArrayList<>();
        for (String line : defaults) {
            if (line.startsWith("#") || line.isBlank()) {
                if (!keys.isEmpty()) {
                    page.keys(keys, comment);
                } else if (line.isBlank()) {
                    comment.clear(); // what stands alone is about the whole file, or about several
                    // keys
                }
                if (line.startsWith("#")) {
                    comment.add(line.substring(1).strip());
                }
            } else {
                keys.add(line.strip());
            }
        }
        if (!keys.isEmpty()) {
            page.keys(keys, comment);
        }
        return page.roff.toString();
    }

    private void keys(List<String> keys, List<String> comment) {
        for (int i = 0; i < keys.size(); i++) {
            roff.append(i == 0 ? ".TP\n.B " : ".TQ\n.B ")
                    .append(escaped(keys.get(i)))
                    .append('\n');
        }
        roff.append(escaped(prose(comment))).append('\n');
        keys.clear();
        comment.clear();
    }

    private static String prose(List<String> lines) {
        return String.join(
                        " ",
                        lines.stream().filter(line -> !line.startsWith("SPDX")).toList())
                .strip();
    }

    private void verbs(CommandSpec command) {
        if (command.subcommands().isEmpty()) {
            return;
        }
        head("COMMANDS");
        roff.append("DOMAIN is a name, an id or a UUID, as for virsh(1). Each command has a page "
                + "of its own.\n");
        for (Map.Entry<String, CommandLine> each : command.subcommands().entrySet()) {
            CommandSpec verb = each.getValue().getCommandSpec();
            if (!verb.usageMessage().hidden()) {
                String[] description = verb.usageMessage().description();
                roff.append(".TP\n.B ")
                        .append(escaped(each.getKey()))
                        .append('\n')
                        .append(escaped(description.length == 0 ? "" : description[0]))
                        .append('\n');
            }
        }
    }

    private void arguments(CommandSpec command) {
        head("OPTIONS");
        for (PositionalParamSpec argument : command.positionalParameters()) {
            if (!argument.hidden()) {
                roff.append(".TP\n.I ")
                        .append(escaped(argument.paramLabel()))
                        .append('\n')
                        .append(text(argument.description()))
                        .append('\n');
            }
        }
        for (OptionSpec option : command.options()) {
            if (!option.hidden()) {
                String label = option.arity().max() > 0
                        ? " \\fI" + escaped(option.paramLabel()) + "\\fR"
                        : "";
                roff.append(".TP\n\\fB")
                        .append(escaped(String.join(", ", option.names())))
                        .append("\\fR")
                        .append(label)
                        .append('\n')
                        .append(text(option.description()))
                        .append('\n');
            }
        }
    }

    private void footer(CommandSpec command) {
        CommandSpec program = command.root();
        head("EXIT STATUS");
        program.usageMessage()
                .exitCodeList()
                .forEach((status, meaning) -> roff.append(".TP\n.B ")
                        .append(escaped(status))
                        .append('\n')
                        .append(escaped(meaning))
                        .append('\n'));
        String[] remarks = command.usageMessage().footer();
        if (Arrays.stream(remarks).anyMatch(line -> !line.isBlank())) {
            head("NOTES");
            roff.append(text(remarks)).append('\n');
        }
        head("FILES");
        roff.append(".TP\n.I /run/sim\\-manager/sim\\-manager.sock\nthe control socket, for root "
                + "and members of control.group\n"
                + ".TP\n.I /run/sim\\-manager/sim\\-manager\\-ro.sock\nthe "
                + "read\\-only socket, for everybody\n");
        head("SEE ALSO");
        roff.append(command == program ? "" : ".BR virt\\-sim (1),\n")
                .append(".BR sim\\-manager (8),\n.BR sim\\-manager.conf (5),\n.BR virsh (1)\n");
    }

    private void head(String title) {
        roff.append(".SH ").append(title).append('\n');
    }

    private void paragraph(String text) {
        roff.append(".PP\n").append(escaped(text)).append('\n');
    }

    private static String text(String[] lines) {
        return escaped(String.join(" ", lines).strip());
    }

    private static String withoutEnd(String sentence) {
        String first = sentence.split("; |: ", 2)[0];
        String bare = first.endsWith(".") ? first.substring(0, first.length() - 1) : first;
        return bare.isEmpty() ? bare : Character.toLowerCase(bare.charAt(0)) + bare.substring(1);
    }

    private static String quoted(String text) {
        return '"' + escaped(text) + '"';
    }

    /**
     * Makes text of what might be roff's own: backslashes, hyphens, and a dot or an apostrophe that
     * begins a line.
     */
    static String escaped(String text) {
        String plain = text.replace("\\", "\\e").replace("-", "\\-").replaceAll("\\s+", " ");
        return plain.startsWith(".") || plain.startsWith("'") ? "\\&" + plain : plain;
    }
}
