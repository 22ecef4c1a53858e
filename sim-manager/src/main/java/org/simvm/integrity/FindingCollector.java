// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.simvm.settings.FindingClass;

/**
 * Gathers the findings of one check, up to a limit that keeps a guest from filling the manager's
 * memory.
 */
final class FindingCollector {
    static final int LIMIT = 64;

    private final FindingClass findingClass;
    private final List<Finding> findings = new ArrayList<>();
    private final List<CheckReport.Information> information = new ArrayList<>();
    private long bytes;
    private long leftOut;

    FindingCollector(FindingClass findingClass) {
        this.findingClass = findingClass;
    }

    /** Counts bytes that were compared. */
    void compared(long count) {
        bytes += count;
    }

    /** Adds what rests on the region, or on memory at an address that the baseline names. */
    void add(
            FindingCode code,
            String subject,
            OptionalLong va,
            OptionalLong gpa,
            Evidence evidence) {
        add(findingClass, code, subject, va, gpa, evidence, false);
    }

    /** Adds what rests on data of the guest's, such as its list of tasks. */
    void addGuestControlled(FindingCode code, String subject, OptionalLong va, Evidence evidence) {
        add(findingClass, code, subject, va, OptionalLong.empty(), evidence, true);
    }

    /** Adds that something could not be compared. */
    void addIncomplete(String subject, String reason, boolean guestControlled) {
        add(
                FindingClass.CHECK_INCOMPLETE,
                FindingCode.CHECK_INCOMPLETE,
                subject,
                OptionalLong.empty(),
                OptionalLong.empty(),
                new Evidence.Incomplete(reason),
                guestControlled);
    }

    private void add(
            FindingClass findingOf,
            FindingCode code,
            String subject,
            OptionalLong va,
            OptionalLong gpa,
            Evidence evidence,
            boolean guestControlled) {
        if (findings.size() < LIMIT) {
            findings.add(new Finding(
                    Instant.now(), findingOf, code, subject, va, gpa, evidence, guestControlled));
        } else {
            leftOut++;
        }
    }

    /** Adds what is as it may be, but worth knowing. */
    void inform(String subject, OptionalLong va, String text) {
        if (information.size() < LIMIT) {
            information.add(new CheckReport.Information(subject, va, text));
        }
    }

    List<CheckReport.Information> information() {
        return List.copyOf(information);
    }

    /** Tells whether more findings would only be counted. */
    boolean full() {
        return findings.size() >= LIMIT;
    }

    long bytes() {
        return bytes;
    }

    List<Finding> findings() {
        if (leftOut == 0) {
            return List.copyOf(findings);
        }
        List<Finding> all = new ArrayList<>(findings);
        all.add(Finding.ofManager(
                findingClass,
                FindingCode.FINDINGS_LEFT_OUT,
                "more findings of this check",
                "none",
                leftOut + " left out"));
        return all;
    }
}
