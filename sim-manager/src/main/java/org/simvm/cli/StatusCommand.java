// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = {"Show how a domain is doing; without DOMAIN, how the manager is."})
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Parameters(arity = "0..1", paramLabel = "DOMAIN", description = "Name, id or UUID.")
    private String domain;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            description = "Wait until the guest is armed, at most so long; exit status 1 if it is "
                    + "not armed then.")
    private Double wait;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        boolean inTime = true;
        if (domain != null && wait != null) {
            ObjectNode outcome = manager.askOne(ManagerOptions.request("wait", domain)
                    .put("milliseconds", (long) (wait * 1000)));
            inTime = outcome.path("state").asText().equals("armed");
        }
        ObjectNode status = manager.askOne(
                domain == null
                        ? ManagerOptions.request("about")
                        : ManagerOptions.request("status", domain));
        if (manager.json()) {
            out.println(status);
        } else if (domain == null) {
            printManager(out, status);
        } else {
            print(out, status);
        }
        out.flush();
        return inTime ? 0 : 1;
    }

    private static void line(PrintWriter out, String label, String value) {
        out.printf("%-16s %s%n", label + ":", Terminal.coloured(Terminal.oneLine(value)));
    }

    private static void printManager(PrintWriter out, JsonNode about) {
        line(out, "Version", about.path("version").asText());
        line(
                out,
                "Process",
                about.path("pid").asText() + ", since " + about.path("started").asText());
        line(
                out,
                "libvirt",
                about.path("libvirtUri").asText()
                        + (about.path("libvirtConnected").asBoolean() ? "" : " (not connected)"));
        line(
                out,
                "Domains",
                about.path("domains").asText() + ", armed "
                        + about.path("armed").asText());
    }

    private static String gate(JsonNode gate, JsonNode device) {
        StringBuilder text = new StringBuilder(device.path("gate").asText());
        if (device.has("accelerator")) {
            text.append(" (").append(device.get("accelerator").asText()).append(')');
        }
        if (gate.has("monitorProcess")) {
            text.append(", monitors in process ")
                    .append(gate.get("monitorProcess").asText());
        }
        if (device.has("switches")) {
            text.append(", ").append(device.get("switches").asText()).append(" view switches");
        }
        return text.append(", boots armed ")
                .append(device.path("armedBoots").asText())
                .toString();
    }

    private static void print(PrintWriter out, JsonNode status) {
        line(out, "Name", status.path("name").asText());
        line(out, "SIM", status.path("state").asText());
        if (status.has("problem")) {
            line(out, "Problem", status.get("problem").asText());
        }
        if (status.has("kernel")) {
            line(out, "Kernel", status.get("kernel").asText());
        }
        JsonNode device = status.path("device");
        if (!device.isMissingNode()) {
            line(out, "Gate", gate(status.path("gate"), device));
        }
        JsonNode ring = status.path("ring");
        if (!ring.isMissingNode()) {
            line(
                    out,
                    "Events",
                    String.format(
                            "%d received, %d dropped, %d calls of the gate, %d forged",
                            ring.path("received").asLong(),
                            ring.path("dropped").asLong(),
                            ring.path("calls").asLong(),
                            ring.path("unknownCalls").asLong()));
        }
        if (status.path("eventsNotLogged").asLong() > 0) {
            line(
                    out,
                    "Not logged",
                    status.path("eventsNotLogged").asText()
                            + " events could not be written to disk");
        }
        JsonNode check = status.path("lastCheck");
        if (!check.isMissingNode()) {
            int findings = 0;
            for (JsonNode result : check.path("results")) {
                findings += result.path("findings").size();
            }
            line(
                    out,
                    "Last check",
                    String.format(
                            "%s, %.1f ms, %d findings",
                            check.path("started").asText(), check.path("ms").asDouble(), findings));
        }
        if (status.has("checksSuspendedUntil")) {
            line(
                    out,
                    "Checks",
                    "suspended until " + status.get("checksSuspendedUntil").asText());
        }
        line(out, "Violations", status.path("violations").asText());
        line(out, "Findings", status.path("findings").asText());
    }
}
