// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.simvm.control.ControlClient;
import org.simvm.control.ControlException;
import org.simvm.protocol.DomainCounts;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

@Command(
        name = "top",
        mixinStandardHelpOptions = true,
        description = {
            "Show the domains under SIM, busiest first: calls of the gate, events and drops a "
                    + "second, last checks.",
            "On a terminal it is refreshed until Ctrl-C; elsewhere, and with --output json, it is "
                    + "shown once."
        })
final class TopCommand extends ManagerCommand {
    private static final String ALTERNATE_SCREEN = "\u001b[?1049h\u001b[?25l";
    private static final String NORMAL_SCREEN = "\u001b[?25h\u001b[?1049l";
    private static final String FROM_THE_TOP = "\u001b[H\u001b[J";

    @Option(
            names = {"-d", "--interval"},
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "Time over which rates are taken (default: ${DEFAULT-VALUE}).")
    private double interval;

    @Option(
            names = {"-n", "--times"},
            paramLabel = "N",
            description = "Show it N times, then end.")
    private Integer times;

    @Override
    public Integer call() throws Exception {
        if (!(interval >= 0.1 && interval <= 3600)) {
            throw new ParameterException(spec().commandLine(), "--interval is 0.1 to 3600 seconds");
        }
        ControlClient client = client();
        OptionalInt rows = json() ? OptionalInt.empty() : Terminal.rows();
        int rounds = times != null ? times : rows.isPresent() ? Integer.MAX_VALUE : 1;
        boolean wholeScreen = rows.isPresent() && rounds > 1;
        List<DomainCounts> before = ask(client);
        if (wholeScreen) {
            useWholeScreen();
        }
        for (int round = 0; round < rounds && !out().checkError(); round++) {
            Thread.sleep((long) (interval * 1000));
            List<DomainCounts> now = ask(client);
            List<DomainCounts> shown = busiestFirst(before, now);
            if (json()) {
                shown.forEach(domain -> show(domain, () -> ""));
            } else if (wholeScreen) {
                out().print(FROM_THE_TOP
                        + TopText.screen(shown, Terminal.rows().orElse(Integer.MAX_VALUE)));
            } else {
                out().print(TopText.table(shown, Integer.MAX_VALUE));
            }
            before = now;
        }
        out().flush();
        return 0;
    }

    private void useWholeScreen() {
        PrintWriter out = out();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            out.print(NORMAL_SCREEN);
            out.flush();
        }));
        out.print(ALTERNATE_SCREEN);
    }

    private static List<DomainCounts> ask(ControlClient client) throws ControlException {
        return client.ask(Verbs.TOP, new NoArguments());
    }

    private static List<DomainCounts> busiestFirst(
            List<DomainCounts> before, List<DomainCounts> now) {
        Map<UUID, DomainCounts> earlier =
                before.stream().collect(Collectors.toMap(DomainCounts::uuid, Function.identity()));
        return now.stream()
                .map(domain -> earlier.containsKey(domain.uuid())
                        ? domain.withRatesSince(earlier.get(domain.uuid()))
                        : domain)
                .sorted(Comparator.comparingDouble((DomainCounts domain) ->
                                -domain.callsPerSecond().orElse(0))
                        .thenComparing(DomainCounts::name))
                .toList();
    }
}
