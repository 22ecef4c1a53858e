// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.policy;

import java.util.Objects;
import java.util.Optional;
import org.simvm.integrity.Finding;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.PolicyAction;
import org.simvm.settings.ViolationKind;

/**
 * Names something that a policy acted on: exactly one of violation and finding.
 *
 * @param action what the policy asked for
 * @param violation what the region device reported
 * @param finding what the manager found
 * @param suppressed how many incidents of the same kind were not alerted since the last one that
 *     was
 */
public record Incident(
        PolicyAction action,
        Optional<SimViolation> violation,
        Optional<Finding> finding,
        long suppressed) {
    public Incident {
        Objects.requireNonNull(action, "action");
        if (violation.isPresent() == finding.isPresent()) {
            throw new IllegalArgumentException("an incident is either a violation or a finding");
        }
    }

    /** Returns one line. */
    public String oneLine() {
        String what = violation
                .map(Incident::describe)
                .orElseGet(() -> finding.orElseThrow().oneLine());
        return what + (suppressed == 0 ? "" : " (and " + suppressed + " more like it before)");
    }

    private static String describe(SimViolation violation) {
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
