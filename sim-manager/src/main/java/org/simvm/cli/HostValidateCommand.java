// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.simvm.host.GateOffer;
import org.simvm.protocol.Codec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "host-validate",
        mixinStandardHelpOptions = true,
        description =
                "Check whether this host has what SIM needs, as virt-host-validate does; exit "
                        + "status 1 if something is missing.")
final class HostValidateCommand implements Callable<Integer> {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "text|json",
            defaultValue = "text",
            description =
                    "Form of the output (default: ${DEFAULT-VALUE}); json is one object a line.")
    private ManagerOptions.Output output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        return print(
                spec.commandLine().getOut(),
                new HostChecks(ManagerOptions.settings()).run(),
                output == ManagerOptions.Output.json);
    }

    /** Shows outcomes; returns the exit status that follows from them. */
    static int print(PrintWriter out, List<HostChecks.Outcome> outcomes, boolean json) {
        for (HostChecks.Outcome outcome : outcomes) {
            if (json) {
                out.println(Codec.write(OutcomeView.of(outcome)));
            } else {
                out.printf(
                        "%6s: Checking %-66s : %s%s%n",
                        "SIM",
                        outcome.what(),
                        Terminal.coloured(outcome.verdict().name()),
                        outcome.advice().isEmpty()
                                ? ""
                                : " (" + Terminal.oneLine(outcome.advice()) + ")");
            }
        }
        out.flush();
        return outcomes.stream().anyMatch(outcome -> outcome.verdict() == HostChecks.Verdict.FAIL)
                ? 1
                : 0;
    }

    /**
     * An outcome as JSON.
     *
     * @param check what was looked at
     * @param verdict {@code pass}, {@code warn} or {@code fail}
     * @param advice the next step, if there is one
     * @param domainType the {@code type} of the domains that may have the gate, if the outcome is
     *     about one
     * @param gate that gate
     * @param automatic whether {@code auto} chooses it
     */
    private record OutcomeView(
            String check,
            String verdict,
            Optional<String> advice,
            Optional<String> domainType,
            Optional<String> gate,
            Optional<Boolean> automatic) {
        static OutcomeView of(HostChecks.Outcome outcome) {
            return new OutcomeView(
                    outcome.what(),
                    outcome.verdict().name().toLowerCase(Locale.ROOT),
                    Optional.of(outcome.advice()).filter(advice -> !advice.isEmpty()),
                    outcome.gate().map(GateOffer::domainType),
                    outcome.gate().map(offer -> offer.gate().xmlName()),
                    outcome.gate().map(GateOffer::automatic));
        }
    }
}
