// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.PersistedBoot;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.integrity.BaselineException;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.CheckScheduler;
import org.simvm.integrity.Finding;
import org.simvm.integrity.GuestChecks;
import org.simvm.integrity.ProcessRecord;
import org.simvm.prepare.DomainSpec;
import org.simvm.settings.IntegrityCheck;
import org.simvm.workers.DomainWorkers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The integrity checks of a session's guest: from the baseline of a boot, by its schedule or when
 * asked, until the guest is reset.
 */
final class SessionChecks {
    private static final Logger log = LoggerFactory.getLogger(SessionChecks.class);

    private final DomainSpec spec;
    private final Path directory;
    private final CheckScheduler scheduler;
    private final DomainWorkers workers;
    private final MappingBudget mappings;
    private final SessionListener listener;
    private final Consumer<Finding> findings;

    private volatile GuestChecks checks;
    private volatile ArmedGuest guest;
    private volatile CheckReport lastReport;

    /**
     * @param directory the domain's, where the baseline is kept
     * @param findings takes what a round found
     */
    SessionChecks(
            DomainSpec spec,
            Path directory,
            SessionContext context,
            SessionListener listener,
            Consumer<Finding> findings) {
        this.spec = spec;
        this.directory = directory;
        this.scheduler = context.scheduler();
        this.workers = context.workers();
        this.mappings = context.mappings();
        this.listener = listener;
        this.findings = findings;
    }

    /** Returns the guest that is checked; empty while none is armed. */
    Optional<ArmedGuest> guest() {
        return Optional.ofNullable(guest);
    }

    Optional<CheckReport> lastReport() {
        return Optional.ofNullable(lastReport);
    }

    /** Records the baseline of a guest that stands. */
    void record(ArmedGuest standing, ProcessRecord processes) throws BaselineException {
        checks = GuestChecks.record(standing, Optional.of(processes));
    }

    /**
     * Begins to check the guest, which runs now, against the baseline that was recorded, and keeps
     * that.
     */
    void begin(ArmedGuest running) {
        guest = running;
        forgetPages(running);
        GuestChecks recorded = checks;
        workers.submit(spec.domain(), "keeping the baseline", () -> {
            try {
                recorded.persist(directory);
            } catch (IOException e) {
                log.error(
                        "{}: the baseline can't be kept in {} ({}); make room or correct the "
                                + "permissions",
                        spec.name(),
                        directory,
                        e.toString());
            }
        });
        schedule();
    }

    PersistedBoot persistedBoot() throws BaselineException {
        return GuestChecks.persistedBoot(directory);
    }

    /**
     * Goes on with the baseline of an earlier manager. Whatever was changed while no manager looked
     * is looked for at once.
     */
    void goOn(ArmedGuest running, ProcessRecord processes) throws BaselineException {
        checks = GuestChecks.resume(running, Optional.of(processes), directory);
        guest = running;
        schedule();
        scheduler.runNow(spec.domain());
    }

    private void schedule() {
        spec.sim()
                .integrity()
                .ifPresent(integrity -> scheduler.schedule(
                        spec.domain(), integrity, group -> round(group.checks())));
    }

    /** Ends them: there is no guest, or another one. */
    void end() {
        scheduler.cancel(spec.domain());
        mappings.release(spec.domain());
        checks = null;
        guest = null;
    }

    /**
     * Runs checks now and passes their findings on.
     *
     * @return empty if the guest isn't armed, or was reset meanwhile
     */
    Optional<CheckReport> round(Set<IntegrityCheck> wanted) {
        GuestChecks baseline = checks;
        ArmedGuest checked = guest;
        if (baseline == null || checked == null) {
            return Optional.empty();
        }
        CheckReport report = baseline.check(wanted);
        if (!mappings.keeps(spec.domain(), 2 * report.bytes())) {
            forgetPages(checked);
            baseline.forgetTouchedPages();
        }
        if (checks != baseline) {
            return Optional.empty();
        }
        lastReport = report;
        listener.checked(report);
        report.findings().forEach(findings);
        return Optional.of(report);
    }

    /**
     * Pages of the guest that were looked at count as the manager's own until it lets go of them.
     */
    private static void forgetPages(ArmedGuest looked) {
        if (looked.memory() instanceof MappedGuestMemory memory) {
            memory.forgetTouchedPages();
        }
    }
}
