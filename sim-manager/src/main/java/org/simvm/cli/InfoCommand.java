// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "info",
        mixinStandardHelpOptions = true,
        description =
                "Show what a domain is set to, and what was found and done when its guest was "
                        + "armed.")
final class InfoCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--layout",
            description = "Show where the region is too: guest-physical addresses, and for view "
                    + "'process' addresses in the monitors'"
                    + " process. This is secret: root only.")
    private boolean layout;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        ObjectNode info =
                manager.askOne(ManagerOptions.request("info", domain).put("layout", layout));
        if (manager.json()) {
            out.println(info);
        } else {
            print(out, info);
        }
        out.flush();
        return 0;
    }

    private static void line(PrintWriter out, String label, JsonNode value) {
        if (!value.isMissingNode() && !value.isNull()) {
            line(out, label, value.asText());
        }
    }

    private static void line(PrintWriter out, String label, String value) {
        out.printf("%-16s %s%n", label + ":", Terminal.coloured(Terminal.oneLine(value)));
    }

    private static void print(PrintWriter out, ObjectNode info) {
        line(out, "Name", info.path("name"));
        line(out, "UUID", info.path("uuid"));
        line(out, "Id", info.path("id"));
        line(out, "SIM", info.path("state"));
        line(out, "Problem", info.path("problem"));
        line(out, "Not armed", info.path("failure").path("reason"));
        JsonNode gate = info.path("gate");
        if (!gate.isMissingNode()) {
            line(
                    out,
                    "In force",
                    String.format(
                            "gate %s, accelerator %s%s",
                            gate.path("inForce").asText(),
                            gate.path("accelerator").asText(),
                            gate.has("monitorProcess")
                                    ? ", monitors in process "
                                            + gate.get("monitorProcess").asText()
                                    : ""));
            switch (gate.path("invocationCheck").asText()) {
                case "returnAddress" ->
                    line(out, "Invocation", "a call's return address must be a hook's");
                case "lastBranch" ->
                    line(
                            out,
                            "Invocation",
                            "the last branch before the gate must be a hook's call");
                default -> {}
            }
        }
        JsonNode settings = info.path("settings");
        if (!settings.isMissingNode()) {
            printSettings(out, settings);
        }
        JsonNode region = info.path("region");
        if (!region.isMissingNode()) {
            line(
                    out,
                    "Region",
                    String.format(
                            "%d KiB, event ring %d KiB, %d stacks",
                            region.path("bytes").asLong() >> 10,
                            region.path("ringBytes").asLong() >> 10,
                            region.path("stacks").asInt()));
        }
        JsonNode guest = info.path("guest");
        if (!guest.isMissingNode()) {
            printGuest(out, guest, settings);
        }
        JsonNode layout = info.path("layout");
        if (!layout.isMissingNode()) {
            printLayout(out, layout);
        }
    }

    private static void printSettings(PrintWriter out, JsonNode settings) {
        line(out, "Required", settings.path("required").asBoolean() ? "yes" : "no");
        line(out, "Gate", settings.path("gate"));
        for (JsonNode monitor : settings.path("monitors")) {
            StringBuilder text = new StringBuilder(monitor.path("name").asText());
            if (monitor.has("file")) {
                text.append(" (").append(monitor.get("file").asText()).append(')');
            }
            for (Iterator<Map.Entry<String, JsonNode>> i =
                            monitor.path("parameters").fields();
                    i.hasNext(); ) {
                Map.Entry<String, JsonNode> parameter = i.next();
                text.append(' ')
                        .append(parameter.getKey())
                        .append('=')
                        .append(parameter.getValue().asText());
            }
            line(out, "Monitor", text.toString());
        }
        if (settings.path("integrity").isEmpty()) {
            line(out, "Integrity", "no checks");
        }
        for (JsonNode group : settings.path("integrity")) {
            String when = group.has("cron")
                    ? "cron " + group.get("cron").asText()
                    : "every " + group.path("intervalMs").asLong() / 1000 + " s";
            line(out, "Integrity", when + ": " + joined(group.path("checks")));
        }
        line(
                out,
                "Policy",
                "default " + settings.path("policy").path("default").asText()
                        + rules(settings.path("policy").path("violations"))
                        + rules(settings.path("policy").path("findings")));
    }

    private static String rules(JsonNode rules) {
        StringBuilder text = new StringBuilder();
        for (Iterator<Map.Entry<String, JsonNode>> i = rules.fields(); i.hasNext(); ) {
            Map.Entry<String, JsonNode> rule = i.next();
            text.append(", ")
                    .append(rule.getKey())
                    .append(' ')
                    .append(rule.getValue().asText());
        }
        return text.toString();
    }

    private static String joined(JsonNode array) {
        StringBuilder text = new StringBuilder();
        for (JsonNode each : array) {
            text.append(text.length() == 0 ? "" : ", ").append(each.asText());
        }
        return text.toString();
    }

    private static void printGuest(PrintWriter out, JsonNode guest, JsonNode settings) {
        line(
                out,
                "Kernel",
                String.format(
                        "%s, %d symbols and %d types found in memory, %d paging levels",
                        guest.path("kernel").asText(),
                        guest.path("symbols").asInt(),
                        guest.path("types").asInt(),
                        guest.path("pagingLevels").asInt()));
        line(
                out,
                "Arming",
                String.format(
                        "guest paused %.1f ms of %.1f ms",
                        guest.path("pausedMs").asDouble(), guest.path("tookMs").asDouble()));
        for (JsonNode step : guest.path("steps")) {
            out.printf(
                    "  %8.1f ms  %-7s %s%n",
                    step.path("ms").asDouble(),
                    step.path("paused").asBoolean() ? "paused" : "running",
                    Terminal.oneLine(step.path("step").asText()));
        }
        out.printf("Hooks:           %d%n", guest.path("hooks").size());
        for (JsonNode hook : guest.path("hooks")) {
            String monitor = settings.path("monitors")
                    .path(hook.path("monitor").asInt())
                    .path("name")
                    .asText(hook.path("monitor").asText());
            out.printf(
                    "  %-12s %s%n",
                    Terminal.oneLine(monitor),
                    Terminal.oneLine(hook.path("site").asText()));
        }
    }

    private static void printLayout(PrintWriter out, JsonNode layout) {
        out.printf(
                "Area:            %s, %s bytes (secret)%n",
                layout.path("areaBase").asText(), layout.path("areaBytes").asText());
        for (JsonNode segment : layout.path("segments")) {
            String address =
                    segment.path("gpa").asText(segment.path("processAddress").asText("-"));
            out.printf(
                    "  %-18s %10d  %-7s %s  %s%n",
                    address,
                    segment.path("bytes").asLong(),
                    segment.path("view").asText(),
                    segment.path("access").asText(),
                    Terminal.oneLine(segment.path("name").asText()));
        }
    }
}
