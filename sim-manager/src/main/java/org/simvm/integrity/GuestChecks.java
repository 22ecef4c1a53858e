// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.PersistedBoot;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;
import org.simvm.settings.IntegrityCheck;

/**
 * Checks one boot of a guest against the baseline recorded when it was armed. A reset ends its use,
 * see {@link #retire}.
 *
 * <p>Rounds may be asked for from any thread; one runs at a time. What looks wrong is looked at
 * again a moment later, and is a finding only if it still is: the guest runs meanwhile, and may
 * just be going down. A check that needs what this guest has not, a monitor or a part of its
 * kernel, is left out.
 */
public final class GuestChecks {
    private static final Duration SECOND_LOOK = Duration.ofMillis(100);

    private final ArmedGuest guest;
    private final Recorded recorded;
    private final Map<IntegrityCheck, Check> checks = new EnumMap<>(IntegrityCheck.class);
    private final Optional<ProcessRecord> record;
    private final Optional<TaskList> tasks;
    private final SelfPatching patching;
    private volatile boolean retired;

    private GuestChecks(ArmedGuest guest, Recorded recorded, Optional<ProcessRecord> record)
            throws BaselineException {
        this.guest = guest;
        this.recorded = recorded;
        this.patching = new SelfPatching(guest.kernel(), new VirtualMemory(guest.kernelTables()));
        recorded.addTo(checks);
        checks.put(IntegrityCheck.GATE_MAPPING, GateMappingCheck.of(guest));
        checks.put(IntegrityCheck.HOOKS, new HookCheck(guest));
        GuestKnowledge knowledge = GuestKnowledge.of(guest);
        this.record = record.filter(given -> knowledge.processesSeen());
        tasks = knowledge.tasks();
        checks.put(IntegrityCheck.MODULE_TEXT, new ModuleCheck(guest, knowledge.modules()));
        checks.put(IntegrityCheck.CALL_TARGETS, new CallTargetCheck(guest, knowledge.modules()));
        if (tasks.isPresent()) {
            this.record.ifPresent(
                    seen -> checks.put(IntegrityCheck.TASKS, new TaskCheck(tasks.get(), seen)));
            knowledge
                    .credentials(this.record)
                    .ifPresent(check -> checks.put(IntegrityCheck.CREDENTIALS, check));
        }
    }

    /**
     * Records the baseline. The guest must stand, hooks and gates in place; it takes as long as a
     * copy of the kernel's text and read-only data.
     *
     * @param record what the process monitor sees from now on; its user feeds it
     * @throws BaselineException if something that will be checked can't be read
     */
    public static GuestChecks record(ArmedGuest guest, Optional<ProcessRecord> record)
            throws BaselineException {
        try {
            ArmedGuest standing = VcpusOfRound.of(guest);
            GuestChecks checks = new GuestChecks(standing, Recorded.now(standing), record);
            checks.beginRecord();
            return checks;
        } catch (GuestMemoryException | RegionException | QmpException e) {
            throw new BaselineException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BaselineException("the manager is stopping", e);
        }
    }

    /** Records the baseline of a guest without a record of its processes. */
    public static GuestChecks record(ArmedGuest guest) throws BaselineException {
        return record(guest, Optional.empty());
    }

    /**
     * Takes up the baseline that an earlier manager kept, of a guest that runs. What it knew of
     * tasks and modules begins anew with what the guest shows now.
     *
     * @param directory where {@link #persist} wrote
     * @throws BaselineException if it isn't there, is damaged, or the guest can't be read
     */
    public static GuestChecks resume(
            ArmedGuest guest, Optional<ProcessRecord> record, Path directory)
            throws BaselineException {
        try {
            ArmedGuest running = VcpusOfRound.of(guest);
            GuestChecks checks =
                    new GuestChecks(running, Recorded.kept(running, directory), record);
            checks.beginRecord();
            return checks;
        } catch (IOException | GuestMemoryException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    /**
     * Reads what arming must know of a boot to take its guest up.
     *
     * @throws BaselineException if no baseline is kept, or it is damaged
     */
    public static PersistedBoot persistedBoot(Path directory) throws BaselineException {
        try {
            return Recorded.persistedBoot(directory);
        } catch (IOException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    private void beginRecord() throws GuestMemoryException {
        if (record.isPresent() && tasks.isPresent()) {
            record.get().restart(tasks.get().readAll());
        }
    }

    /**
     * Writes the baseline, atomically: an old file stays until the new one is complete. The copies
     * of the kernel's text and data move from the heap to files beside {@code baseline.json}. Not
     * for the time that the guest stands.
     *
     * @param directory the domain's state directory; must exist
     */
    public void persist(Path directory) throws IOException {
        recorded.persist(directory);
    }

    /**
     * Lets go of the pages of the baseline that rounds so far brought into this process; a later
     * round brings them back.
     */
    public void forgetTouchedPages() {
        recorded.forgetTouchedPages();
    }

    /**
     * Makes this and every later round count for nothing: the guest was reset, or is gone. Returns
     * at once.
     */
    public void retire() {
        retired = true;
    }

    /** Returns the checks that this guest can have. */
    public Set<IntegrityCheck> available() {
        return Set.copyOf(checks.keySet());
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
        VcpusOfRound.begin(guest);
        List<CheckReport.Result> results = new ArrayList<>();
        for (Map.Entry<IntegrityCheck, Check> entry : checks.entrySet()) {
            if (wanted.contains(entry.getKey()) && !retired) {
                results.add(run(entry.getKey(), entry.getValue()));
            }
        }
        long took = System.nanoTime() - start;
        if (results.stream().anyMatch(result -> !result.findings().isEmpty())) {
            results = secondLook(results);
        } else {
            patching.ended();
        }
        long bytes = results.stream().mapToLong(CheckReport.Result::bytes).sum();
        return new CheckReport(
                started, Duration.ofNanos(took), bytes, retired, retired ? List.of() : results);
    }

    private CheckReport.Result run(IntegrityCheck name, Check check) {
        long start = System.nanoTime();
        FindingCollector findings = new FindingCollector(name.findingClass());
        try {
            check.run(findings);
        } catch (GuestMemoryException | RegionException | QmpException e) {
            findings.addIncomplete("check " + name.xmlName(), e.getMessage(), false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            findings.addIncomplete(
                    "check " + name.xmlName(),
                    "it was interrupted: the manager is stopping, or it took too" + " long",
                    false);
        }
        return new CheckReport.Result(
                name,
                Duration.ofNanos(System.nanoTime() - start),
                findings.bytes(),
                findings.findings(),
                findings.information());
    }

    private List<CheckReport.Result> secondLook(List<CheckReport.Result> first) {
        boolean patched = false;
        try {
            Thread.sleep(SECOND_LOOK.toMillis());
            patched = patching.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // then without the pause
        }
        List<CheckReport.Result> results = again(first);
        if (!patched) {
            return results;
        }
        try { // what was wrong while the kernel patched itself may have been so at both looks
            Thread.sleep(SECOND_LOOK.toMillis());
            patching.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        results = again(results);
        return patching.postpones()
                ? results.stream().map(GuestChecks::postponed).toList()
                : results;
    }

    /** Leaves functions out that ftrace is writing just now; a later round looks at them again. */
    private static CheckReport.Result postponed(CheckReport.Result result) {
        List<Finding> others = result.findings().stream()
                .filter(finding -> finding.code() != FindingCode.TRACE_SITE_INVALID)
                .toList();
        int left = result.findings().size() - others.size();
        if (left == 0) {
            return result;
        }
        List<CheckReport.Information> information = new ArrayList<>(result.information());
        information.add(new CheckReport.Information(
                "ftrace",
                OptionalLong.empty(),
                left
                        + " functions or more can't be judged while the kernel "
                        + "patches itself; the next round looks at them again"));
        return new CheckReport.Result(
                result.check(), result.took(), result.bytes(), others, information);
    }

    /** For tests: how long a round waits for a kernel that patches itself. */
    void timeout(Duration waits) {
        patching.timeout(waits);
    }

    private List<CheckReport.Result> again(List<CheckReport.Result> results) {
        VcpusOfRound.begin(guest);
        return results.stream().map(this::again).toList();
    }

    /** Keeps of a result what still is so. */
    private CheckReport.Result again(CheckReport.Result result) {
        if (result.findings().isEmpty() || retired) {
            return result;
        }
        Set<Finding.Identity> seenBefore =
                result.findings().stream().map(Finding::identity).collect(Collectors.toSet());
        CheckReport.Result again = run(result.check(), checks.get(result.check()));
        List<CheckReport.Information> information = new ArrayList<>(result.information());
        again.information().stream()
                .filter(each -> !information.contains(each))
                .forEach(information::add);
        return new CheckReport.Result(
                result.check(),
                result.took(),
                result.bytes(),
                again.findings().stream()
                        .filter(finding -> seenBefore.contains(finding.identity()))
                        .toList(),
                information);
    }
}
