// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import java.util.Optional;
import org.simvm.protocol.ApplyRequest;
import org.simvm.protocol.ElementChange;
import org.simvm.protocol.Obstacles;
import org.simvm.protocol.ObstaclesRequest;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "apply",
        mixinStandardHelpOptions = true,
        description = {
            "Put a domain under SIM from its next start on: set its element, and have its XML "
                    + "changed."
        },
        footerHeading = "%nWhat a guest under SIM can't do:%n",
        footer = {
            "It is armed while it boots: it can't be migrated, saved, restored or reverted to "
                    + "a snapshot of its memory; libvirt",
            "says so. Memory can't be plugged in or out while it runs. It has no nested "
                    + "guests. Starting another kernel by kexec (kdump",
            "does) counts as an attack and stops it; for a dump of its memory there is 'virsh "
                    + "dump --memory-only'."
        })
final class ApplyCommand extends DomainCommand {
    @Option(
            names = "--dry-run",
            description = "Change nothing; tell everything that would keep the domain, with this "
                    + "element or the one that it has, from being under SIM.")
    private boolean dryRun;

    @ArgGroup
    private What what;

    /** The element, given or put together. */
    static final class What {
        @Option(
                names = "--file",
                paramLabel = "FILE",
                description = "Take the <sim:sim> element from this file ('-': standard input).")
        private String file;

        @ArgGroup(exclusive = false)
        private Parts parts = new Parts();
    }

    /** What the element is put together from. */
    static final class Parts {
        @Option(
                names = "--monitor",
                paramLabel = "NAME",
                split = ",",
                description = "A monitor to run (default: syscalls,process).")
        private List<String> monitors = List.of("syscalls", "process");

        @Option(names = "--required", description = "The domain must not run unless it is armed.")
        private boolean required;

        @Option(
                names = "--check-interval",
                paramLabel = "SECONDS",
                description = "How often integrity is checked (default: 60).")
        private Integer interval;
    }

    @Mixin
    private ElementTarget target;

    @Override
    public Integer call() throws Exception {
        return dryRun ? obstacles() : apply();
    }

    private int obstacles() throws Exception {
        Obstacles found = client().askOne(
                        Verbs.OBSTACLES,
                        new ObstaclesRequest(
                                domain(),
                                what == null ? Optional.empty() : Optional.of(element(what))));
        if (json()) {
            show(found, () -> "");
        } else if (found.obstacles().isEmpty()) {
            out().println("Domain '" + Terminal.oneLine(found.domain().name())
                    + "' can be under SIM");
        } else {
            found.obstacles().forEach(each -> out().println(Terminal.oneLine(each)));
        }
        out().flush();
        return found.obstacles().isEmpty() ? 0 : 1;
    }

    private int apply() throws Exception {
        String element = element(what == null ? new What() : what);
        ElementChange change = client().askOne(
                        Verbs.APPLY,
                        new ApplyRequest(domain(), element, target.live(), target.persistent()));
        show(
                change,
                () -> ElementTarget.name(change) + " is under SIM "
                        + (change.takesEffect() == ElementChange.Effect.START
                                ? "when it is started"
                                : "from its next start on (it runs now)"));
        return 0;
    }

    private static String element(What what) throws Exception {
        if (what.file != null) {
            return InputText.read(what.file);
        }
        StringBuilder element = new StringBuilder("<sim required='")
                .append(what.parts.required ? "yes" : "no")
                .append("'>");
        for (String monitor : what.parts.monitors) {
            element.append("<monitor name='").append(escaped(monitor)).append("'/>");
        }
        if (what.parts.interval != null) {
            element.append("<integrity interval='").append(what.parts.interval).append("'/>");
        }
        return element.append("</sim>").toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }
}
