// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a domain's {@code <sim:sim>} element says, in the words of the element.
 *
 * @param required whether the domain must not run unless it is armed
 * @param gate which gate it asks for
 * @param monitors in the order of the element
 * @param integrity groups of checks; empty if none are scheduled
 * @param policy what is done about violations and findings
 */
public record SettingsView(
        boolean required,
        String gate,
        List<Monitor> monitors,
        Optional<List<Group>> integrity,
        PolicyView policy) {
    public SettingsView {
        monitors = List.copyOf(monitors);
    }

    /**
     * A monitor.
     *
     * @param name unique in the domain
     * @param file its own ELF file; empty for one that is shipped under its name
     * @param parameters in the order of the element
     */
    public record Monitor(String name, Optional<String> file, Map<String, String> parameters) {
        public Monitor {
            parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        }
    }

    /**
     * Checks that run together: by a cron expression or at an interval.
     *
     * @param group its name
     * @param cron when a round starts, as Quartz writes it
     * @param intervalMs or the time from one round to the next
     * @param jitterMs each round starts later by a random time up to this
     * @param checks names of the checks
     */
    public record Group(
            String group,
            Optional<String> cron,
            OptionalLong intervalMs,
            long jitterMs,
            List<String> checks) {
        public Group {
            checks = List.copyOf(checks);
        }
    }

    /**
     * What is done about violations and findings.
     *
     * @param defaultAction for whatever no rule names
     * @param alertsPerMinute how many alerts of one kind and subject are raised at most
     * @param violations rules: kind of violation to action
     * @param findings rules: class of finding to action
     */
    public record PolicyView(
            @JsonProperty("default") String defaultAction,
            int alertsPerMinute,
            Map<String, String> violations,
            Map<String, String> findings) {
        public PolicyView {
            violations = Collections.unmodifiableMap(new LinkedHashMap<>(violations));
            findings = Collections.unmodifiableMap(new LinkedHashMap<>(findings));
        }
    }
}
