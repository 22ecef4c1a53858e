// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Maps violations and findings to actions.
 *
 * @param defaultAction for whatever no rule names
 * @param violations rules by kind of violation
 * @param findings rules by class of finding
 * @param alertsPerMinute how many alerts of one kind and subject are told; at least one
 */
public record PolicySettings(
        PolicyAction defaultAction,
        Map<ViolationKind, PolicyAction> violations,
        Map<FindingClass, PolicyAction> findings,
        int alertsPerMinute) {
    /** What a policy that does not say gets. */
    public static final int ALERTS_PER_MINUTE = 10;

    /** Alerts on everything and stops nothing: what a domain without a policy gets. */
    public static final PolicySettings ALERT_ONLY =
            new PolicySettings(PolicyAction.ALERT, Map.of(), Map.of());

    public PolicySettings {
        Objects.requireNonNull(defaultAction, "defaultAction");
        violations = Map.copyOf(violations);
        findings = Map.copyOf(findings);
        if (alertsPerMinute < 1) {
            throw new IllegalArgumentException(alertsPerMinute + " alerts a minute");
        }
    }

    /** Makes a policy with the usual limit of alerts. */
    public PolicySettings(
            PolicyAction defaultAction,
            Map<ViolationKind, PolicyAction> violations,
            Map<FindingClass, PolicyAction> findings) {
        this(defaultAction, violations, findings, ALERTS_PER_MINUTE);
    }

    /** Returns the action for a violation. */
    public PolicyAction on(ViolationKind kind) {
        return violations.getOrDefault(kind, defaultAction);
    }

    /** Returns the action for a finding. */
    public PolicyAction on(FindingClass findingClass) {
        return findings.getOrDefault(findingClass, defaultAction);
    }

    /** Returns this policy with the rule for {@code findingClass} replaced. */
    PolicySettings with(FindingClass findingClass, PolicyAction action) {
        Map<FindingClass, PolicyAction> changed = new EnumMap<>(FindingClass.class);
        changed.putAll(findings);
        changed.put(findingClass, action);
        return new PolicySettings(defaultAction, violations, changed, alertsPerMinute);
    }
}
