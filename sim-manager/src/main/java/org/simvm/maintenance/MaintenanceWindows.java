// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.maintenance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.simvm.audit.AuditLog;
import org.simvm.integrity.CheckScheduler;
import org.simvm.outlets.Notice;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.state.DomainDirectories;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Times during which a domain's scheduled checks do not run, because somebody works on its guest.
 * Each has an end, outlives the manager ({@code maintenance.json} of the domain's state directory),
 * and is in the audit trail from its begin to its end. Checks by hand still run, and violations are
 * still told.
 */
public final class MaintenanceWindows {
    static final Duration LONGEST = Duration.ofDays(7);
    private static final int LONGEST_REASON = 500;
    private static final int FORMAT = 1;
    private static final String FILE = "maintenance.json";
    private static final Logger log = LoggerFactory.getLogger(MaintenanceWindows.class);

    /** What the file holds. */
    private record Suspension(Instant until, String reason) {}

    private final DomainDirectories directories;
    private final CheckScheduler scheduler;
    private final AuditLog audit;

    public MaintenanceWindows(
            DomainDirectories directories, CheckScheduler scheduler, AuditLog audit) {
        this.directories = directories;
        this.scheduler = scheduler;
        this.audit = audit;
    }

    /**
     * Suspends a domain's scheduled checks, in place of any earlier suspension.
     *
     * @param reason for the audit trail; may be empty
     * @return until when
     */
    public Instant suspend(ManagedDomain domain, Duration time, String reason)
            throws MaintenanceException {
        if (time.compareTo(Duration.ofSeconds(1)) < 0 || time.compareTo(LONGEST) > 0) {
            throw new MaintenanceException("checks can be suspended for 1 s to " + LONGEST.toDays()
                    + " days, not for " + time.toSeconds()
                    + " s; to switch them off, set <integrity enabled=\"no\">");
        }
        if (reason.length() > LONGEST_REASON) {
            throw new MaintenanceException("the reason has " + reason.length() + " characters; use "
                    + LONGEST_REASON + " at most");
        }
        Instant until = Instant.now().plus(time);
        Path directory = directories.state(domain.uuid());
        try {
            Files.createDirectories(directory);
            StateFile.replace(
                    directory.resolve(FILE),
                    FORMAT,
                    new Suspension(until, reason),
                    StateFile.Safety.HOST);
        } catch (IOException e) {
            throw new MaintenanceException(
                    "the suspension can't be kept in " + directory + " (" + e.getMessage()
                            + "); nothing was changed",
                    e);
        }
        begin(new Notice.Domain(domain.uuid(), domain.name()), until);
        return until;
    }

    private void begin(Notice.Domain domain, Instant until) {
        scheduler.suspend(domain.uuid(), until, () -> {
            forget(domain.uuid());
            ended(domain, "its time is over");
        });
    }

    /** Ends a suspension before its time; returns whether there was one. */
    public boolean resume(ManagedDomain domain) {
        forget(domain.uuid());
        return scheduler.resume(domain.uuid());
    }

    /** Returns until when a domain's scheduled checks are suspended. */
    public Optional<Instant> until(UUID domain) {
        return scheduler.suspendedUntil(domain);
    }

    /**
     * Takes up what an earlier manager suspended and whose time is not over, whether its domain is
     * known yet or not.
     */
    public void adoptAll(DomainRegistry registry) {
        try (Stream<Path> found = Files.list(directories.states())) {
            for (Path directory :
                    found.filter(each -> Files.exists(each.resolve(FILE))).toList()) {
                UUID uuid = UUID.fromString(directory.getFileName().toString());
                adopt(
                        new Notice.Domain(
                                uuid,
                                registry.known(uuid)
                                        .map(ManagedDomain::name)
                                        .orElse(uuid.toString())),
                        directory.resolve(FILE));
            }
        } catch (IOException | IllegalArgumentException e) {
            log.warn(
                    "can't look for suspended checks in {}: {}",
                    directories.states(),
                    e.toString());
        }
    }

    private void adopt(Notice.Domain domain, Path file) {
        try {
            Instant until = StateFile.read(file, FORMAT, Suspension.class)
                    .orElseThrow(() -> new NoSuchFileException(file.toString()))
                    .until();
            if (until.isAfter(Instant.now())) {
                log.info("{}: scheduled checks stay suspended until {}", domain.name(), until);
                begin(domain, until);
            } else {
                forget(domain.uuid());
                ended(domain, "its time was over when the manager was started");
            }
        } catch (IOException e) {
            log.warn("{}; checks of {} are not suspended", e.getMessage(), domain.name());
        }
    }

    private void ended(Notice.Domain domain, String why) {
        audit.record("sim-manager", "resume-checks", Optional.of(domain), "done: " + why, Map.of());
    }

    private void forget(UUID domain) {
        try {
            Files.deleteIfExists(directories.state(domain).resolve(FILE));
        } catch (IOException e) {
            log.warn("{}", e.toString());
        }
    }
}
