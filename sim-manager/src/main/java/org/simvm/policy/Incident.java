// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.policy;

import java.util.Objects;
import java.util.Optional;
import org.simvm.integrity.Finding;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.PolicyAction;

/**
 * Names something that a policy acted on: exactly one of violation and finding.
 *
 * @param action what the policy asked for
 * @param violation what the region device reported
 * @param finding what the manager found
 * @param suppressed how many incidents of the same kind were not alerted since the last one that was
 */
public record Incident(PolicyAction action, Optional<SimViolation> violation, Optional<Finding> finding,
        long suppressed) {
    public Incident {
        Objects.requireNonNull(action, "action");
        if (violation.isPresent() == finding.isPresent()) {
            throw new IllegalArgumentException("an incident is either a violation or a finding");
        }
    }

    /** Returns one line. */
    public String oneLine() {
        String what = violation.map(Incident::describe).orElseGet(() -> finding.orElseThrow().oneLine());
        return what + (suppressed == 0 ? "" : " (and " + suppressed + " more like it before)");
    }

    private static String describe(SimViolation violation) {
        return String.format(
                "violation %s%s: %s of gpa 0x%x in the %s view by %s, rip 0x%x, cr3 0x%x, cpl %d",
                violation.kind(), violation.failStop() ? " (guest stopped)" : "", violation.access(),
                violation.gpa(), violation.view(), 
                violation.cpu() < 0 ? "a device" : "vCPU " + violation.cpu(), violation.rip(),
                violation.cr3(), violation.cpl());
    }
}
