// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.OptionalDouble;
import org.simvm.domain.DomainState;
import org.simvm.protocol.DomainCounts;

/** What {@code virt-sim top} shows to people. */
final class TopText {
    private static final int LINES_AROUND = 4;
    private static final List<String> HEADS = List.of(
            "Name",
            "SIM",
            "Gate",
            "Calls/s",
            "Events/s",
            "Drops/s",
            "Dropped",
            "Last check",
            "Findings",
            "Violations");

    private TopText() {}

    /** Returns a terminal's whole screen: a line about all domains, and those that fit. */
    static String screen(List<DomainCounts> domains, int rows) {
        long armed = domains.stream()
                .filter(domain -> domain.state() == DomainState.ARMED)
                .count();
        double calls = domains.stream()
                .mapToDouble(domain -> domain.callsPerSecond().orElse(0))
                .sum();
        int shown = Math.max(1, rows - LINES_AROUND);
        return String.format(
                        "%s  %d domains under SIM, %d armed, %.0f calls/s%s%n%n",
                        LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS),
                        domains.size(),
                        armed,
                        calls,
                        domains.size() > shown ? " (the busiest " + shown + ")" : "")
                + table(domains, shown);
    }

    static String table(List<DomainCounts> domains, int most) {
        StringWriter text = new StringWriter();
        PrintWriter printer = new PrintWriter(text);
        Terminal.table(
                printer, HEADS, domains.stream().limit(most).map(TopText::row).toList());
        printer.flush();
        return text.toString();
    }

    private static List<String> row(DomainCounts domain) {
        return List.of(
                domain.name(),
                domain.state().word(),
                domain.gate().orElse("-"),
                rate(domain.callsPerSecond()),
                rate(domain.eventsPerSecond()),
                rate(domain.droppedPerSecond()),
                Long.toString(domain.dropped().orElse(0) + domain.notLogged()),
                lastCheck(domain),
                Long.toString(domain.findings()),
                Long.toString(domain.violations()));
    }

    private static String rate(OptionalDouble rate) {
        return rate.isPresent() ? String.format("%.0f", rate.getAsDouble()) : "-";
    }

    private static String lastCheck(DomainCounts domain) {
        String last = domain.lastCheck()
                .map(check -> Math.max(
                                0,
                                Duration.between(check.started(), Instant.now()).toSeconds())
                        + " s ago, "
                        + (check.findings() == 0 ? "clean" : check.findings() + " found"))
                .orElse("-");
        return domain.checksSuspended() ? last + " (suspended)" : last;
    }
}
