// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * An answer to {@code violations}, and a line of {@code incidents.jsonl}: one rule that a guest
 * broke, as the region device saw it.
 *
 * @param time host's clock
 * @param incident tells it from a finding
 * @param sequence counts up by one with each violation since QEMU was started
 * @param kind which rule, as QMP names it
 * @param failStop whether the machine is stopped until a reset
 * @param cpu the vCPU, or -1 for a device
 * @param view the view in which it happened
 * @param access {@code read}, {@code write} or {@code execute}
 * @param size bytes of the access, 0 if not known
 * @param gpa guest-physical address
 * @param gva guest virtual address, if the access had one
 * @param rip of the instruction
 * @param cr3 in force
 * @param cpl privilege level, 0 to 3
 * @param value what was written; for {@code vmfunc} leaf and index
 * @param control the control register that it was to be written to
 * @param vector the exception, for kind {@code exception}
 * @param bytes hexadecimal bytes of evidence
 * @param action what the policy asked for
 * @param text one line
 * @param suppressed how many of the same kind were not alerted since the last one that was; empty
 *     if none
 */
public record ViolationReport(
        Instant time,
        IncidentKind incident,
        long sequence,
        String kind,
        boolean failStop,
        int cpu,
        String view,
        String access,
        int size,
        Address gpa,
        Optional<Address> gva,
        Address rip,
        Address cr3,
        int cpl,
        Optional<Address> value,
        Optional<String> control,
        OptionalInt vector,
        Optional<String> bytes,
        Optional<String> action,
        String text,
        OptionalLong suppressed)
        implements IncidentReport {}
