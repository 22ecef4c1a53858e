// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Looks again at what looked wrong. The guest runs while it is looked at, may be patching itself,
 * or may just be going down; only what is still wrong a moment later, when no patching is under
 * way, is a finding.
 */
final class SecondLook {
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final SelfPatching patching;
    private final RoundClock clock;

    SecondLook(SelfPatching patching, RoundClock clock) {
        this.patching = patching;
        this.clock = clock;
    }

    /**
     * Keeps of a round what is so at each look.
     *
     * @param first the results of the first look
     * @param check carries out the check of a result again
     */
    List<CheckReport.Result> confirm(
            List<CheckReport.Result> first,
            Function<CheckReport.Result, CheckReport.Result> check) {
        if (first.stream().allMatch(result -> result.findings().isEmpty())) {
            patching.ended();
            return first;
        }
        boolean patched = pause();
        List<CheckReport.Result> results = again(first, check);
        if (!patched) {
            return results;
        }
        pause(); // what was wrong while the kernel patched itself may have been so at both looks
        results = again(results, check);
        return patching.postpones()
                ? results.stream().map(SecondLook::postponed).toList()
                : results;
    }

    /** Returns whether the kernel was patching itself. */
    private boolean pause() {
        try {
            clock.pause(PAUSE);
            return patching.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // then without the pause
            return false;
        }
    }

    private static List<CheckReport.Result> again(
            List<CheckReport.Result> results,
            Function<CheckReport.Result, CheckReport.Result> check) {
        return results.stream()
                .map(result ->
                        result.findings().isEmpty() ? result : both(result, check.apply(result)))
                .toList();
    }

    private static CheckReport.Result both(CheckReport.Result before, CheckReport.Result now) {
        Set<Finding.Identity> seenBefore =
                before.findings().stream().map(Finding::identity).collect(Collectors.toSet());
        List<CheckReport.Information> information = new ArrayList<>(before.information());
        now.information().stream()
                .filter(each -> !information.contains(each))
                .forEach(information::add);
        return new CheckReport.Result(
                before.check(),
                before.took(),
                before.bytes(),
                now.findings().stream()
                        .filter(finding -> seenBefore.contains(finding.identity()))
                        .toList(),
                information);
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
                left + " functions or more can't be judged while the kernel patches itself; the"
                        + " next round looks at them again"));
        return new CheckReport.Result(
                result.check(), result.took(), result.bytes(), others, information);
    }
}
