// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import org.simvm.policy.Incident;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.ViolationKind;

/** Incidents as one line for people. */
final class IncidentText {
    private IncidentText() {}

    static String oneLine(Incident incident) {
        String what = incident instanceof Incident.Broken broken
                ? violation(broken.violation())
                : ((Incident.Found) incident).finding().oneLine();
        return what
                + (incident.suppressed() == 0
                        ? ""
                        : " (and " + incident.suppressed() + " more like it before)");
    }

    private static String violation(SimViolation violation) {
        return String.format(
                "violation %s%s: %s by %s, rip 0x%x, cr3 0x%x, cpl %d",
                violation.kind(),
                violation.failStop() ? " (guest stopped)" : "",
                deed(violation),
                violation.cpu() < 0 ? "a device" : "vCPU " + violation.cpu(),
                violation.rip(),
                violation.cr3(),
                violation.cpl());
    }

    private static String deed(SimViolation violation) {
        ViolationKind kind = violation.knownKind().orElse(ViolationKind.ACCESS);
        return switch (kind) {
            case MONITOR_LOST -> "a call that the monitors' process did not answer,";
            case PINNED_CONTROL ->
                String.format(
                        "write of 0x%x to %s",
                        violation.value().orElse(0),
                        violation.control().orElse("a control register"));
            case VMFUNC ->
                String.format(
                        "VMFUNC leaf %d, index %d, in the %s view",
                        violation.value().orElse(0) >>> 32,
                        violation.value().orElse(0) & 0xffffffffL,
                        violation.view());
            case EXCEPTION ->
                String.format(
                        "exception%s%s in the %s view",
                        violation.vector().isPresent()
                                ? " " + violation.vector().getAsInt()
                                : "",
                        violation.gva().isPresent()
                                ? String.format(" of va 0x%x", violation.gva().getAsLong())
                                : "",
                        violation.view());
            case INSTRUCTION ->
                String.format(
                        "exit %d in the %s view", violation.value().orElse(0), violation.view());
            case EVENT ->
                String.format("event about to be delivered in the %s view,", violation.view());
            case INTERRUPT_FLAG -> "SIM view entered with interrupts enabled";
            default ->
                String.format(
                        "%s of gpa 0x%x in the %s view",
                        violation.access(), violation.gpa(), violation.view());
        };
    }
}
