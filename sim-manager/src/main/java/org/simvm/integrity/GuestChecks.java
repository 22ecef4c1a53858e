// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;
import org.simvm.settings.IntegrityCheck;

/**
 * Checks one boot of a guest against the baseline recorded when it was armed. A reset ends its use, see
 * {@link #retire}.
 *
 * <p>Rounds may be asked for from any thread; one runs at a time. What looks wrong is looked at again a
 * moment later, and is a finding only if it still is: the guest runs meanwhile, and may just be going down.
 */
public final class GuestChecks {
    private static final Duration SECOND_LOOK = Duration.ofMillis(100);

    private final ArmedGuest guest;
    private final Instant recorded = Instant.now();
    private final SegmentCheck monitorCode;
    private final SegmentCheck gates;
    private final TextCheck text;
    private final TableCheck tables;
    private final Map<IntegrityCheck, Check> checks = new EnumMap<>(IntegrityCheck.class);
    private volatile boolean retired;

    private GuestChecks(ArmedGuest guest)
            throws BaselineException, GuestMemoryException, RegionException, QmpException,
            InterruptedException {
        this.guest = guest;
        text = TextCheck.record(guest);
        tables = TableCheck.record(guest);
        monitorCode = SegmentCheck.record(guest.region(), guest.image().layout(), SegmentCheck::monitorCode);
        gates = SegmentCheck.record(guest.region(), guest.image().layout(), SegmentCheck::gates);
        checks.put(IntegrityCheck.MONITOR_CODE, monitorCode);
        checks.put(IntegrityCheck.GATES, gates);
        checks.put(IntegrityCheck.GATE_MAPPING, GateMappingCheck.of(guest));
        checks.put(IntegrityCheck.HOOKS, new HookCheck(guest));
        RegisterCheck registers = RegisterCheck.record(guest);
        checks.put(IntegrityCheck.KERNEL_TEXT, findings -> {
            text.run(findings);
            tables.run(findings);
            registers.run(findings);
        });
    }

    /**
     * Records the baseline. The guest must stand, hooks and gates in place; it takes as long as a copy of the
     * kernel's text.
     *
     * @throws BaselineException if something that will be checked can't be read
     */
    public static GuestChecks record(ArmedGuest guest) throws BaselineException {
        try {
            return new GuestChecks(guest);
        } catch (GuestMemoryException | RegionException | QmpException e) {
            throw new BaselineException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BaselineException("the manager is stopping", e);
        }
    }

    /**
     * Writes {@code baseline.json}, atomically: the old file stays until the new one is complete. The copy of
     * the kernel's text moves from the heap to the file {@code kernel-text} beside it. Not for the time that
     * the guest stands.
     *
     * @param directory the domain's state directory; must exist
     */
    public void persist(Path directory) throws IOException {
        text.moveTo(directory);
        HexFormat hex = HexFormat.of();
        new Baseline(Baseline.FORMAT, recorded.toString(), guest.kernel().version(),
                Long.toHexString(guest.lstar()), text.baseline(),
                Stream.of(monitorCode, gates).flatMap(check -> check.baseline().stream()).toList(),
                tables.baseline(), guest.hooks().stream().map(hook -> new Baseline.Hook(hook.symbol(),
                        Long.toHexString(hook.address()), Long.toHexString(hook.gpa()),
                        hex.formatHex(hook.original()), hex.formatHex(hook.call()))).toList(),
                List.of(Long.toHexString(guest.gateEntryGpa()),
                Long.toHexString(guest.image().gateEntry()))).write(directory);
    }

    /**
     * Makes this and every later round count for nothing: the guest was reset, or is gone. Returns at once.
     */
    public void retire() {
        retired = true;
    }

    /**
     * Runs checks now, on this thread.
     *
     * @param wanted which ones
     * @return what they found; a check that can't be carried out is a finding of class {@code
     *     CHECK_INCOMPLETE}
     */
    public synchronized CheckReport check(Set<IntegrityCheck> wanted) {
        Instant started = Instant.now();
        long start = System.nanoTime();
        List<CheckReport.Result> results = new ArrayList<>();
        for (Map.Entry<IntegrityCheck, Check> entry : checks.entrySet()) {
            if (wanted.contains(entry.getKey()) && !retired) {
                results.add(run(entry.getKey(), entry.getValue()));
            }
        }
        long took = System.nanoTime() - start;
        if (results.stream().anyMatch(result -> !result.findings().isEmpty())) {
            results = secondLook(results);
        }
        long bytes = results.stream().mapToLong(CheckReport.Result::bytes).sum();
        return new CheckReport(started, Duration.ofNanos(took), bytes, retired, retired ? List.of()
                : results);
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
            findings.addIncomplete("check " + name.xmlName(), "the manager is stopping", false);
        }
        return new CheckReport.Result(name, Duration.ofNanos(System.nanoTime() - start), findings.bytes(),
                findings.findings());
    }

    private List<CheckReport.Result> secondLook(List<CheckReport.Result> first) {
        try {
            Thread.sleep(SECOND_LOOK.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // then without the pause
        }
        List<CheckReport.Result> results = new ArrayList<>();
        for (CheckReport.Result result : first) {
            if (result.findings().isEmpty() || retired) {
                results.add(result);
                continue;
            }
            Set<String> seenBefore = result.findings().stream().map(Finding::subject)
                    .collect(Collectors.toSet());
            CheckReport.Result again = run(result.check(), checks.get(result.check()));
            results.add(new CheckReport.Result(result.check(), result.took(), result.bytes(),
                    again.findings().stream().filter(finding -> seenBefore.contains(finding.subject()))
                    .toList()));
        }
        return results;
    }
}
