// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.PersistedBoot;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;
import org.simvm.settings.IntegrityCheck;

/**
 * Checks one boot of a guest against the baseline recorded when it was armed. A reset ends its use.
 *
 * <p>Rounds may be asked for from any thread; one runs at a time. What looks wrong is looked at
 * again a moment later, and is a finding only if it still is ({@link SecondLook}). A check that
 * needs what this guest has not, a monitor or a part of its kernel, is left out.
 */
public final class GuestChecks {
    private final CheckedGuest guest;
    private final String recorded;
    private final Map<IntegrityCheck, List<Check>> groups = new EnumMap<>(IntegrityCheck.class);
    private final Map<String, Check> byName = new LinkedHashMap<>();
    private final SecondLook secondLook;

    /** Makes a check of its definition. */
    private interface Maker {
        Optional<Check> make(CheckDefinition<?> definition)
                throws BaselineException, GuestMemoryException, RegionException, QmpException,
                        InterruptedException, IOException;
    }

    private GuestChecks(CheckedGuest guest, String recorded, RoundClock clock, Maker maker)
            throws BaselineException {
        this.guest = guest;
        this.recorded = recorded;
        this.secondLook =
                new SecondLook(new SelfPatching(guest.kernel(), guest.memory(), clock), clock);
        try {
            for (CheckDefinition<?> definition : Checks.ALL) {
                maker.make(definition).ifPresent(check -> {
                    byName.put(definition.name(), check);
                    groups.computeIfAbsent(definition.group(), group -> new ArrayList<>())
                            .add(check);
                });
            }
        } catch (GuestMemoryException | RegionException | IOException e) {
            throw new BaselineException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BaselineException("the manager is stopping", e);
        }
    }

    /**
     * Records the baseline. The guest must be paused, hooks and gates in place; it takes as long as
     * a copy of the kernel's text and read-only data.
     *
     * @param record what the process monitor sees from now on; its user feeds it
     * @throws BaselineException if something that will be checked can't be read
     */
    public static GuestChecks record(ArmedGuest guest, Optional<ProcessRecord> record)
            throws BaselineException {
        return record(guest, record, RoundClock.SYSTEM);
    }

    static GuestChecks record(ArmedGuest guest, Optional<ProcessRecord> record, RoundClock clock)
            throws BaselineException {
        CheckedGuest paused = new CheckedGuest(guest, record);
        GuestChecks checks = new GuestChecks(
                paused,
                Instant.now().toString(),
                clock,
                definition -> definition.recorder().record(paused));
        if (paused.record().isPresent()) {
            paused.record().get().begin(tasks(paused));
        }
        return checks;
    }

    /** Records the baseline of a guest without a record of its processes. */
    public static GuestChecks record(ArmedGuest guest) throws BaselineException {
        return record(guest, Optional.empty());
    }

    /**
     * Goes on with the baseline that an earlier manager kept, of a guest that runs. What it knew of
     * tasks and modules starts again with what the guest shows now.
     *
     * @param directory where {@link #persist} wrote
     * @throws BaselineException if it isn't there, is damaged, or the guest can't be read
     */
    public static GuestChecks resume(
            ArmedGuest guest, Optional<ProcessRecord> record, Path directory)
            throws BaselineException {
        CheckedGuest running = new CheckedGuest(guest, record);
        Baseline baseline = read(guest, directory);
        GuestChecks checks = new GuestChecks(
                running,
                baseline.recorded(),
                RoundClock.SYSTEM,
                definition -> definition.resume(running, baseline, directory));
        if (running.record().isPresent()) {
            running.record().get().adopt(tasks(running));
        }
        return checks;
    }

    private static Baseline read(ArmedGuest guest, Path directory) throws BaselineException {
        try {
            Baseline baseline = Baseline.read(directory);
            if (!guest.kernel().version().equals(baseline.kernel())) {
                throw new BaselineException(
                        "the baseline in " + directory + " is of Linux " + baseline.kernel()
                                + ", the guest runs " + guest.kernel().version(),
                        null);
            }
            return baseline;
        } catch (IOException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    private static List<TaskList.Task> tasks(CheckedGuest guest) throws BaselineException {
        try {
            return CheckedGuest.readStable(guest.tasks()::readAll);
        } catch (GuestMemoryException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    /**
     * Reads what arming must know of a boot to go on with its guest.
     *
     * @throws BaselineException if no baseline is kept, or it is damaged
     */
    public static PersistedBoot persistedBoot(Path directory) throws BaselineException {
        try {
            return Baseline.persistedBoot(directory);
        } catch (IOException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    /**
     * Writes the baseline, atomically: an old file stays until the new one is complete. The copies
     * of the kernel's text and data move from the heap to files beside {@code baseline.json}. Not
     * for the time that the guest is paused.
     *
     * @param directory the domain's state directory; must exist
     */
    public void persist(Path directory) throws IOException {
        Map<String, Object> sections = new LinkedHashMap<>();
        for (Map.Entry<String, Check> check : byName.entrySet()) {
            check.getValue()
                    .section(directory)
                    .ifPresent(section -> sections.put(check.getKey(), section));
        }
        PatchSiteFile.write(directory, guest.armed().patchable());
        Baseline.of(guest.armed(), recorded, sections).write(directory);
        forgetTouchedPages();
    }

    /**
     * Lets go of the pages of the baseline that rounds so far brought into this process; a later
     * round brings them back.
     */
    public void forgetTouchedPages() {
        byName.values().forEach(Check::forgetTouchedPages);
    }

    /** Returns the checks that this guest can have. */
    public Set<IntegrityCheck> available() {
        return Set.copyOf(groups.keySet());
    }

    /**
     * Runs checks now, on this thread.
     *
     * @param wanted which ones; those that this guest can't have are left out
     * @return what they found; a check that can't be carried out is a finding of class
     *     {@code CHECK_INCOMPLETE}
     */
    public synchronized CheckReport check(Set<IntegrityCheck> wanted) {
        Instant started = Instant.now();
        long start = System.nanoTime();
        guest.beginRound();
        List<CheckReport.Result> results =
                groups.keySet().stream().filter(wanted::contains).map(this::run).toList();
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        results = secondLook.confirm(results, this::runAgain);
        long bytes = results.stream().mapToLong(CheckReport.Result::bytes).sum();
        return new CheckReport(started, took, bytes, results);
    }

    private CheckReport.Result runAgain(CheckReport.Result result) {
        guest.beginLook();
        return run(result.check());
    }

    private CheckReport.Result run(IntegrityCheck group) {
        long start = System.nanoTime();
        FindingCollector findings = new FindingCollector(group.findingClass());
        for (Check check : groups.get(group)) {
            run(group, check, findings);
        }
        return new CheckReport.Result(
                group,
                Duration.ofNanos(System.nanoTime() - start),
                findings.bytes(),
                findings.findings(),
                findings.information());
    }

    private static void run(IntegrityCheck group, Check check, FindingCollector findings) {
        String name = "check " + group.xmlName();
        try {
            check.run(findings);
        } catch (GuestMemoryException | RegionException | QmpException e) {
            findings.addIncomplete(name, e.getMessage(), false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            findings.addIncomplete(
                    name,
                    "it was interrupted: the manager is stopping, or it took too long",
                    false);
        }
    }
}
