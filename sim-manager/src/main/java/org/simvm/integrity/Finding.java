// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Instant;
import java.util.Objects;
import java.util.OptionalLong;
import org.simvm.settings.FindingClass;

/**
 * Tells one thing that is not as it was when the guest was armed.
 *
 * @param time when it was seen
 * @param findingClass which check, or other part of the manager, found it
 * @param code what kind of thing it is
 * @param subject names what it is about: {@code wake_up_new_task+0x4/0x3a0}, {@code LSTAR of vCPU
 *     1}, {@code process 'sshd' (pid 812)}; cleaned of control characters
 * @param va guest virtual address, if there is one
 * @param gpa guest-physical address, if there is one
 * @param evidence what was expected and what is there
 * @param guestControlled whether the finding rests on data that the guest controls: then the guest
 *     may have made it up, or hidden more of its kind
 */
public record Finding(
        Instant time,
        FindingClass findingClass,
        FindingCode code,
        String subject,
        OptionalLong va,
        OptionalLong gpa,
        Evidence evidence,
        boolean guestControlled) {
    public Finding {
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(findingClass, "findingClass");
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(va, "va");
        Objects.requireNonNull(gpa, "gpa");
        Objects.requireNonNull(evidence, "evidence");
        subject = clean(subject);
    }

    /** Makes a finding of the manager's own, which has no address in the guest. */
    public static Finding ofManager(
            FindingClass findingClass,
            FindingCode code,
            String subject,
            String expected,
            String found) {
        return new Finding(
                Instant.now(),
                findingClass,
                code,
                subject,
                OptionalLong.empty(),
                OptionalLong.empty(),
                new Evidence.Text(expected, found),
                false);
    }

    /** Says for people what the baseline or the rule wants; free of control characters. */
    public String expected() {
        return clean(evidence.expected());
    }

    /** Says for people what is there now; free of control characters. */
    public String found() {
        return clean(evidence.found());
    }

    /** What makes two findings the same thing, seen twice. */
    record Identity(FindingCode code, String subject, OptionalLong va) {}

    Identity identity() {
        return new Identity(code, subject, va);
    }

    /** Returns one line. */
    public String oneLine() {
        StringBuilder line =
                new StringBuilder(findingClass.xmlName()).append(": ").append(subject);
        va.ifPresent(address -> line.append(String.format(" va 0x%x", address)));
        gpa.ifPresent(address -> line.append(String.format(" gpa 0x%x", address)));
        return line.append(": expected ")
                .append(expected())
                .append(", found ")
                .append(found())
                .append(guestControlled ? " (rests on guest data)" : "")
                .toString();
    }

    static String clean(String text) {
        return Objects.requireNonNull(text).replaceAll("\\p{Cntrl}+", " ");
    }
}
