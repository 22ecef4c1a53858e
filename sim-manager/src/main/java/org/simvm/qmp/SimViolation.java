// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.simvm.settings.ViolationKind;

/**
 * Reports one breach of a rule, as the device saw it. Addresses, value and bytes come from the
 * guest and may be of the attacker's choosing; that it happened, where and when is QEMU's own word.
 *
 * @param sequence counts up by one with each violation since QEMU started
 * @param time host's clock
 * @param kind which rule, as QMP names it, for instance {@code probe}
 * @param failStop whether the machine is stopped until a reset
 * @param cpu the virtual CPU, or -1 for a device
 * @param view the view in which it happened, {@code normal} or {@code sim}
 * @param access {@code read}, {@code write} or {@code execute}
 * @param size bytes of the access, 0 if not known
 * @param gpa guest-physical address
 * @param gva guest virtual address, if the access had one
 * @param rip of the instruction
 * @param cr3 in force
 * @param cpl privilege level, 0 to 3
 * @param value what was written, for a write; for {@code vmfunc} the leaf in the upper and the
 *     index in the lower half
 * @param control the control register that {@code value} was to be written to: {@code cr0},
 *     {@code cr4}, {@code efer}
 * @param vector the exception, for kind {@code exception}
 * @param bytes hexadecimal bytes of evidence, for instance the instruction
 */
public record SimViolation(
        long sequence,
        Instant time,
        String kind,
        boolean failStop,
        int cpu,
        String view,
        String access,
        int size,
        long gpa,
        OptionalLong gva,
        long rip,
        long cr3,
        int cpl,
        OptionalLong value,
        Optional<String> control,
        OptionalInt vector,
        Optional<String> bytes) {

    /**
     * Returns the rule that was broken, or nothing if QEMU is newer than this manager and names one
     * of its own.
     */
    public Optional<ViolationKind> knownKind() {
        return ViolationKind.byQmpName(kind);
    }
}
