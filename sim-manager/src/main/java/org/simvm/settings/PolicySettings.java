// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Maps violations and findings to actions.
 *
 * @param defaultAction for whatever no rule names
 * @param violations    rules by kind of violation
 * @param findings      rules by class of finding
 */
public record PolicySettings(PolicyAction defaultAction, Map<ViolationKind, PolicyAction> violations,
        Map<FindingClass, PolicyAction> findings) {

    /** Alerts on everything and stops nothing: what a domain without a policy gets. */
    public static final PolicySettings ALERT_ONLY = new PolicySettings(PolicyAction.ALERT, Map.of(),
            Map.of());

    public PolicySettings {
        Objects.requireNonNull(defaultAction, "defaultAction");
        violations = Map.copyOf(violations);
        findings = Map.copyOf(findings);
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
        return new PolicySettings(defaultAction, violations, changed);
    }
}
