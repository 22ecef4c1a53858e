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
 * @param subject what it is about: {@code wake_up_new_task+0x4/0x3a0}, {@code gate page G1},
 *     {@code process 'sshd' (pid 812)}; cleaned of control characters
 * @param va guest virtual address, if there is one
 * @param gpa guest-physical address, if there is one
 * @param expected what the baseline says, for people
 * @param found what is there now, for people
 * @param guestControlled whether the finding rests on data that the guest controls: then the guest
 *     may have made it up, or hidden more of its kind
 */
public record Finding(
        Instant time,
        FindingClass findingClass,
        String subject,
        OptionalLong va,
        OptionalLong gpa,
        String expected,
        String found,
        boolean guestControlled) {
    public Finding {
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(findingClass, "findingClass");
        Objects.requireNonNull(va, "va");
        Objects.requireNonNull(gpa, "gpa");
        subject = clean(subject);
        expected = clean(expected);
        found = clean(found);
    }

    /** Returns one line. */
    public String oneLine() {
        StringBuilder line =
                new StringBuilder(findingClass.xmlName()).append(": ").append(subject);
        va.ifPresent(address -> line.append(String.format(" va 0x%x", address)));
        gpa.ifPresent(address -> line.append(String.format(" gpa 0x%x", address)));
        return line.append(": expected ")
                .append(expected)
                .append(", found ")
                .append(found)
                .append(guestControlled ? " (rests on guest data)" : "")
                .toString();
    }

    static String clean(String text) {
        return Objects.requireNonNull(text).replaceAll("\\p{Cntrl}+", " ");
    }
}
