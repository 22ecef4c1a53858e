// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import java.util.Map;
import org.simvm.protocol.DomainInfo;
import org.simvm.protocol.GateInForce;
import org.simvm.protocol.GuestView;
import org.simvm.protocol.LayoutView;
import org.simvm.protocol.SettingsView;

/** What {@code virt-sim info} shows to people. */
final class InfoText {
    private final LabelledText text = new LabelledText();
    private final DomainInfo info;

    private InfoText(DomainInfo info) {
        this.info = info;
    }

    static String of(DomainInfo info) {
        return new InfoText(info).text();
    }

    private String text() {
        text.line("Name", info.domain().name());
        text.line("UUID", info.domain().uuid().toString());
        info.domain().id().ifPresent(id -> text.line("Id", Integer.toString(id)));
        text.line("SIM", info.domain().state().word());
        text.line("Problem", info.domain().problem());
        text.line("Not armed", info.failure().map(DomainInfo.Failure::reason));
        info.gate().ifPresent(this::gate);
        info.settings().ifPresent(this::settings);
        info.region().ifPresent(this::region);
        info.guest().ifPresent(this::guest);
        info.layout().ifPresent(this::layout);
        return text.toString();
    }

    private void gate(GateInForce gate) {
        text.line(
                "In force",
                "gate " + gate.inForce() + ", accelerator " + gate.accelerator()
                        + (gate.monitorProcess().isPresent()
                                ? ", monitors in process "
                                        + gate.monitorProcess().getAsLong()
                                : ""));
        text.line("Invocation", gate.invocationCheck().map(check -> switch (check) {
            case RETURN_ADDRESS -> "a call's return address must be a hook's";
            case LAST_BRANCH -> "the last branch before the gate must be a hook's call";
        }));
    }

    private void settings(SettingsView settings) {
        text.line("Required", settings.required() ? "yes" : "no");
        text.line("Gate", settings.gate());
        for (SettingsView.Monitor monitor : settings.monitors()) {
            StringBuilder line = new StringBuilder(monitor.name());
            monitor.file().ifPresent(file -> line.append(" (").append(file).append(')'));
            monitor.parameters()
                    .forEach((name, value) ->
                            line.append(' ').append(name).append('=').append(value));
            text.line("Monitor", line.toString());
        }
        List<SettingsView.Group> groups = settings.integrity().orElse(List.of());
        if (groups.isEmpty()) {
            text.line("Integrity", "no checks");
        }
        for (SettingsView.Group group : groups) {
            String when = group.cron()
                    .map(cron -> "cron " + cron)
                    .orElseGet(() -> "every " + group.intervalMs().orElse(0) / 1000 + " s");
            text.line("Integrity", when + ": " + String.join(", ", group.checks()));
        }
        text.line(
                "Policy",
                "default " + settings.policy().defaultAction()
                        + rules(settings.policy().violations())
                        + rules(settings.policy().findings()));
    }

    private static String rules(Map<String, String> rules) {
        StringBuilder line = new StringBuilder();
        rules.forEach(
                (what, action) -> line.append(", ").append(what).append(' ').append(action));
        return line.toString();
    }

    private void region(DomainInfo.Region region) {
        text.line(
                "Region",
                String.format(
                        "%d KiB, event ring %d KiB, %d stacks",
                        region.bytes() >> 10, region.ringBytes().orElse(0) >> 10, region.stacks()));
    }

    private void guest(GuestView guest) {
        text.line(
                "Kernel",
                String.format(
                        "%s, %d symbols and %d types found in memory, %d paging levels",
                        guest.kernel(), guest.symbols(), guest.types(), guest.pagingLevels()));
        guest.buildId().ifPresent(id -> text.line("Build ID", Terminal.oneLine(id)));
        text.line(
                "Arming",
                String.format("guest paused %.1f ms of %.1f ms", guest.pausedMs(), guest.tookMs()));
        for (GuestView.Step step : guest.steps()) {
            text.format(
                    "  %8.1f ms  %-7s %s",
                    step.ms(), step.paused() ? "paused" : "running", Terminal.oneLine(step.step()));
        }
        text.line("Hooks", Integer.toString(guest.hooks().size()));
        for (GuestView.Hook hook : guest.hooks()) {
            text.format(
                    "  %-12s %s",
                    Terminal.oneLine(monitor(hook.monitor())), Terminal.oneLine(hook.site()));
        }
    }

    private String monitor(int index) {
        List<SettingsView.Monitor> monitors =
                info.settings().map(SettingsView::monitors).orElse(List.of());
        return index >= 0 && index < monitors.size()
                ? monitors.get(index).name()
                : Integer.toString(index);
    }

    private void layout(LayoutView layout) {
        text.format(
                "Area:            %s, %s bytes (secret); a page's address has %.1f bits",
                layout.areaBase(), layout.areaBytes(), layout.areaPageBits());
        for (LayoutView.Segment segment : layout.segments()) {
            text.format(
                    "  %-18s %10d  %-7s %s  %s",
                    segment.gpa()
                            .or(segment::processAddress)
                            .map(Object::toString)
                            .orElse("-"),
                    segment.bytes(),
                    segment.view(),
                    segment.access(),
                    Terminal.oneLine(segment.name()));
        }
    }
}
