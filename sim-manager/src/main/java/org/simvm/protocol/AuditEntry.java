// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * An answer to {@code audit}, and a line of {@code audit.jsonl}: one use of a verb that changes
 * something.
 *
 * @param time when
 * @param user who, as the kernel says; {@code sim-manager} for what ended by itself
 * @param verb which
 * @param domain the domain's name, if it has one
 * @param uuid the domain's UUID, if it has one
 * @param outcome {@code done}, or why it was refused
 * @param arguments what else was asked for, as text; empty if nothing
 */
public record AuditEntry(
        Instant time,
        String user,
        String verb,
        Optional<String> domain,
        Optional<UUID> uuid,
        String outcome,
        Optional<Map<String, String>> arguments) {
    public AuditEntry {
        arguments = arguments
                .filter(each -> !each.isEmpty())
                .map(each -> Collections.unmodifiableMap(new LinkedHashMap<>(each)));
    }
}
