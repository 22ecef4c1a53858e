// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.simvm.protocol.SettingsView;
import org.simvm.settings.CheckGroup;
import org.simvm.settings.FindingClass;
import org.simvm.settings.IntegrityCheck;
import org.simvm.settings.MonitorSettings;
import org.simvm.settings.PolicyAction;
import org.simvm.settings.PolicySettings;
import org.simvm.settings.Schedule;
import org.simvm.settings.SimSettings;
import org.simvm.settings.ViolationKind;

/** A domain's settings as the protocol shows them. */
final class SettingsViews {
    private SettingsViews() {}

    static SettingsView of(SimSettings sim) {
        return new SettingsView(
                sim.required(),
                sim.gate().xmlName(),
                sim.monitors().stream().map(SettingsViews::monitor).toList(),
                sim.integrity()
                        .map(integrity -> integrity.groups().stream()
                                .map(SettingsViews::group)
                                .toList()),
                policy(sim.policy()));
    }

    private static SettingsView.Monitor monitor(MonitorSettings monitor) {
        return new SettingsView.Monitor(
                monitor.name(), monitor.file().map(Path::toString), monitor.parameters());
    }

    private static SettingsView.Group group(CheckGroup group) {
        return new SettingsView.Group(
                group.name(),
                group.schedule() instanceof Schedule.Cron cron
                        ? Optional.of(cron.expression())
                        : Optional.empty(),
                group.schedule() instanceof Schedule.Interval interval
                        ? OptionalLong.of(interval.period().toMillis())
                        : OptionalLong.empty(),
                group.jitter().toMillis(),
                group.checks().stream().map(IntegrityCheck::xmlName).toList());
    }

    private static SettingsView.PolicyView policy(PolicySettings policy) {
        return new SettingsView.PolicyView(
                policy.defaultAction().xmlName(),
                policy.alertsPerMinute(),
                rules(ViolationKind.values(), ViolationKind::xmlName, policy.violations()),
                rules(FindingClass.values(), FindingClass::xmlName, policy.findings()));
    }

    private static <K> Map<String, String> rules(
            K[] kinds, Function<K, String> word, Map<K, PolicyAction> rules) {
        Map<String, String> words = new LinkedHashMap<>();
        Arrays.stream(kinds)
                .filter(rules::containsKey)
                .forEach(kind -> words.put(word.apply(kind), rules.get(kind).xmlName()));
        return words;
    }
}
