// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Supplier;
import org.simvm.audit.AuditLog;
import org.simvm.events.EventLogs;
import org.simvm.integrity.CheckScheduler;
import org.simvm.outlets.Outlets;
import org.simvm.settings.CheckStoreSettings;
import org.simvm.settings.ManagerSettings;
import org.simvm.state.DomainDirectories;
import org.simvm.workers.DomainWorkers;

/** What all domains share, and what knows none of them. */
record Foundations(
        SettingsInForce settings,
        DomainDirectories directories,
        Outlets outlets,
        AuditLog audit,
        EventLogs eventLogs,
        DomainWorkers workers,
        CheckScheduler scheduler) {
    /**
     * Domains whose memory is checked at the same time; checks are as fast as memory, so more would
     * only wait for it.
     */
    private static final int CHECK_THREADS = 2;

    /**
     * Starts them, and adds them to the parts.
     *
     * @param first the settings to start with
     * @throws StartException the scheduler can't work with its store
     */
    static Foundations start(ManagerSettings first, SettingsSource source, StartedParts parts)
            throws StartException {
        SettingsInForce settings = new SettingsInForce(first, source);
        Outlets outlets = parts.add(new Outlets(first.spoolDirectory()));
        outlets.configure(first.outlets());
        settings.follow(changed -> LogLevels.set(changed.logLevel()));
        settings.follow(changed -> outlets.configure(changed.outlets()));
        return new Foundations(
                settings,
                new DomainDirectories(first.runDirectory(), first.stateDirectory()),
                outlets,
                parts.add(new AuditLog(first.stateDirectory().resolve("audit.jsonl"), outlets)),
                parts.add(new EventLogs(settings::eventLogs)),
                parts.add(new DomainWorkers()),
                parts.add(scheduler(first)));
    }

    /** Each returns what is wrong with a part, one line, or nothing. */
    List<Supplier<Optional<String>>> healthProblems() {
        return List.of(scheduler::healthProblem, workers::healthProblem, outlets::healthProblem);
    }

    private static CheckScheduler scheduler(ManagerSettings settings) throws StartException {
        try {
            return CheckScheduler.start(
                    CHECK_THREADS,
                    settings.checkStore()
                            .map(CheckStoreSettings::properties)
                            .orElseGet(Properties::new));
        } catch (IllegalStateException e) {
            throw new StartException(
                    "sim-manager can't start: " + e.getMessage() + "; correct "
                            + settings.checkStore()
                                    .map(store -> store + ", or empty checks.store.file")
                                    .orElse("this host's Java"),
                    e);
        }
    }
}
