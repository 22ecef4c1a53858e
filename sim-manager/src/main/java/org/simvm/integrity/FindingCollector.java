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
    void add(String subject, OptionalLong va, OptionalLong gpa, String expected, String found) {
        add(findingClass, subject, va, gpa, expected, found, false);
    }

    /** Adds what rests on data of the guest's, such as its list of tasks. */
    void addGuestControlled(
            String subject, OptionalLong va, OptionalLong gpa, String expected, String found) {
        add(findingClass, subject, va, gpa, expected, found, true);
    }

    /** Adds that something could not be compared. */
    void addIncomplete(String subject, String reason, boolean guestControlled) {
        add(
                FindingClass.CHECK_INCOMPLETE,
                subject,
                OptionalLong.empty(),
                OptionalLong.empty(),
                "a check that completes",
                reason,
                guestControlled);
    }

    private void add(
            FindingClass findingOf,
            String subject,
            OptionalLong va,
            OptionalLong gpa,
            String expected,
            String found,
            boolean guestControlled) {
        if (findings.size() < LIMIT) {
            findings.add(new Finding(
                    Instant.now(), findingOf, subject, va, gpa, expected, found, guestControlled));
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
        all.add(new Finding(
                Instant.now(),
                findingClass,
                "more findings of this check",
                OptionalLong.empty(),
                OptionalLong.empty(),
                "none",
                leftOut + " left out",
                false));
        return all;
    }
}
