// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Reports one breach of a rule, as the device saw it. Addresses, value and bytes come from the guest and may be
 * of the attacker's choosing; that it happened, where and when is QEMU's own word.
 *
 * @param sequence counts up by one with each violation since QEMU started
 * @param time host's clock
 * @param kind which rule
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
 * @param value what was written, for a write
 * @param vector the exception, for kind {@link Kind#EXCEPTION}
 * @param bytes hexadecimal bytes of evidence, for instance the instruction
 */
public record SimViolation(long sequence, Instant time, Kind kind, boolean failStop, int cpu, String view,
        String access, int size, long gpa, OptionalLong gva, long rip, long cr3, int cpl, OptionalLong value,
        OptionalInt vector, Optional<String> bytes) {

    /** Names the rule that was broken. */
    public enum Kind {
        /** The normal view or a device touched SIM's area. */
        PROBE("probe"),
        /** The guest wrote to protected bytes of a sealed page. */
        SEALED_WRITE("sealed-write"),
        /** The SIM view was made to execute what is not executable there. */
        EXECUTE("execute"),
        /** The SIM view touched an address that is neither RAM nor region. */
        ACCESS("access"),
        /** The SIM view accessed a segment in a way the segment does not allow. */
        PERMISSION("permission"),
        /** An exception arose in the SIM view. */
        EXCEPTION("exception"),
        /** {@code VMFUNC} with a leaf or an index that does not exist. */
        VMFUNC("vmfunc"),
        /** The SIM view was entered with interrupts enabled. */
        INTERRUPT_FLAG("interrupt-flag"),
        /** A kind this manager does not know: QEMU is newer. */
        UNKNOWN("unknown");

        private final String wireName;

        Kind(String wireName) {
            this.wireName = wireName;
        }

        /** Returns the name used in QMP and in events. */
        public String wireName() {
            return wireName;
        }

        static Kind of(String wireName) {
            for (Kind kind : values()) {
                if (kind.wireName.equals(wireName)) {
                    return kind;
                }
            }
            return UNKNOWN;
        }
    }
}
