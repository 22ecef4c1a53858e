// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import org.simvm.protocol.DomainStatus;
import org.simvm.protocol.ManagerStatus;

/** What {@code virt-sim status} shows to people. */
final class StatusText {
    private StatusText() {}

    static String of(ManagerStatus manager) {
        LabelledText text = new LabelledText();
        text.line("Version", manager.version());
        text.line("Process", manager.pid() + ", since " + manager.started());
        text.line(
                "libvirt",
                manager.libvirtUri() + (manager.libvirtConnected() ? "" : " (not connected)"));
        text.line("Domains", manager.domains() + ", armed " + manager.armed());
        return text.toString();
    }

    static String of(DomainStatus status) {
        LabelledText text = new LabelledText();
        text.line("Name", status.domain().name());
        text.line("SIM", status.domain().state().word());
        text.line("Problem", status.domain().problem());
        text.line("Kernel", status.kernel());
        text.line("Gate", status.device().map(device -> gate(status, device)));
        text.line(
                "Events",
                status.ring()
                        .map(ring -> String.format(
                                "%d received, %d dropped, %d calls of the gate, %d forged",
                                ring.received(),
                                ring.dropped(),
                                ring.calls(),
                                ring.unknownCalls())));
        if (status.eventsNotLogged().orElse(0) > 0) {
            text.line(
                    "Not logged",
                    status.eventsNotLogged().getAsLong() + " events could not be written to disk");
        }
        text.line(
                "Last check",
                status.lastCheck()
                        .map(check -> String.format(
                                "%s, %.1f ms, %d findings",
                                check.started(), check.ms(), check.findings())));
        text.line("Checks", status.checksSuspendedUntil().map(until -> "suspended until " + until));
        text.line("Violations", Long.toString(status.violations()));
        text.line("Findings", Long.toString(status.findings()));
        return text.toString();
    }

    private static String gate(DomainStatus status, DomainStatus.Device device) {
        StringBuilder text = new StringBuilder(device.gate());
        device.accelerator()
                .ifPresent(accelerator -> text.append(" (").append(accelerator).append(')'));
        status.gate()
                .ifPresent(gate -> gate.monitorProcess()
                        .ifPresent(pid -> text.append(", monitors in process ").append(pid)));
        device.switches()
                .ifPresent(switches -> text.append(", ").append(switches).append(" view switches"));
        return text.append(", boots armed ").append(device.armedBoots()).toString();
    }
}
