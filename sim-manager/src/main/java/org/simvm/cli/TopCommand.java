// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.simvm.control.ControlClient;
import org.simvm.control.ControlException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "top",
        mixinStandardHelpOptions = true,
        description = {
            "Show the domains under SIM, busiest first: calls of the gate, events and drops a "
                    + "second, last checks.",
            "On a terminal it is shown anew until Ctrl-C; elsewhere, and with --output json, once."
        })
final class TopCommand implements Callable<Integer> {
    private static final String ALTERNATE_SCREEN = "\u001b[?1049h\u001b[?25l";
    private static final String NORMAL_SCREEN = "\u001b[?25h\u001b[?1049l";
    private static final String FROM_THE_TOP = "\u001b[H\u001b[J";
    private static final int LINES_AROUND = 4;

    @Mixin
    private ManagerOptions manager;

    @Option(
            names = {"-d", "--interval"},
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "Time over which rates are taken (default: ${DEFAULT-VALUE}).")
    private double interval;

    @Option(
            names = {"-n", "--times"},
            paramLabel = "N",
            description = "Show it so often, then end.")
    private Integer times;

    @Spec
    private CommandSpec spec;

    private final Rates rates = new Rates();

    @Override
    public Integer call() throws Exception {
        if (!(interval >= 0.1 && interval <= 3600)) {
            throw new ParameterException(spec.commandLine(), "--interval is 0.1 to 3600 seconds");
        }
        ControlClient client = manager.client();
        PrintWriter out = spec.commandLine().getOut();
        OptionalInt rows = manager.json() ? OptionalInt.empty() : Terminal.rows();
        int rounds = times != null ? times : rows.isPresent() ? Integer.MAX_VALUE : 1;
        boolean wholeScreen = rows.isPresent() && rounds > 1;
        rates.add(ask(client));
        if (wholeScreen) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                out.print(NORMAL_SCREEN);
                out.flush();
            }));
            out.print(ALTERNATE_SCREEN);
        }
        for (int round = 0; round < rounds; round++) {
            Thread.sleep((long) (interval * 1000));
            List<ObjectNode> domains = rates.add(ask(client));
            domains.sort(Comparator.comparingDouble((ObjectNode domain) ->
                            -domain.path("callsPerSecond").asDouble())
                    .thenComparing(domain -> domain.path("name").asText()));
            if (manager.json()) {
                domains.forEach(out::println);
            } else if (wholeScreen) {
                out.print(
                        FROM_THE_TOP + screen(domains, Terminal.rows().orElse(Integer.MAX_VALUE)));
            } else {
                out.print(table(domains, Integer.MAX_VALUE));
            }
            if (out.checkError()) {
                break;
            }
        }
        out.flush();
        return 0;
    }

    private static List<ObjectNode> ask(ControlClient client) throws ControlException {
        return new ArrayList<>(client.ask(ManagerOptions.request("top")));
    }

    private static String screen(List<ObjectNode> domains, int rows) {
        long armed = domains.stream()
                .filter(domain -> domain.path("state").asText().equals("armed"))
                .count();
        double calls = domains.stream()
                .mapToDouble(domain -> domain.path("callsPerSecond").asDouble())
                .sum();
        int shown = Math.max(1, rows - LINES_AROUND);
        return String.format(
                        "%s  %d domains under SIM, %d armed, %.0f calls/s%s%n%n",
                        LocalTime.now().truncatedTo(ChronoUnit.SECONDS),
                        domains.size(),
                        armed,
                        calls,
                        domains.size() > shown ? " (the busiest " + shown + ")" : "")
                + table(domains, shown);
    }

    private static String table(List<ObjectNode> domains, int most) {
        List<List<String>> cells =
                domains.stream().limit(most).map(TopCommand::row).toList();
        StringWriter text = new StringWriter();
        PrintWriter printer = new PrintWriter(text);
        Terminal.table(
                printer,
                List.of(
                        "Name",
                        "SIM",
                        "Gate",
                        "Calls/s",
                        "Events/s",
                        "Drops/s",
                        "Dropped",
                        "Last check",
                        "Findings",
                        "Violations"),
                cells);
        printer.flush();
        return text.toString();
    }

    private static List<String> row(JsonNode domain) {
        return List.of(
                domain.path("name").asText(),
                domain.path("state").asText(),
                domain.path("gate").asText("-"),
                rate(domain, "callsPerSecond"),
                rate(domain, "eventsPerSecond"),
                rate(domain, "droppedPerSecond"),
                Long.toString(domain.path("dropped").asLong()
                        + domain.path("notLogged").asLong()),
                lastCheck(domain),
                domain.path("findings").asText(),
                domain.path("violations").asText());
    }

    private static String rate(JsonNode domain, String name) {
        return domain.has(name) ? String.format("%.0f", domain.get(name).asDouble()) : "-";
    }

    private static String lastCheck(JsonNode domain) {
        String suspended = domain.path("checksSuspended").asBoolean() ? " (suspended)" : "";
        JsonNode check = domain.path("lastCheck");
        if (check.isMissingNode()) {
            return "-" + suspended;
        }
        try {
            long seconds = Math.max(
                    0,
                    Duration.between(Instant.parse(check.path("started").asText()), Instant.now())
                            .toSeconds());
            int findings = check.path("findings").asInt();
            return seconds + " s ago, " + (findings == 0 ? "clean" : findings + " found")
                    + suspended;
        } catch (DateTimeParseException e) {
            return "?";
        }
    }
}
