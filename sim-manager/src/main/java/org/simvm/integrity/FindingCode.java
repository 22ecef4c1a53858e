// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.Locale;

/**
 * Says what kind of thing a finding is, in a word that stays the same from release to release:
 * rules of a SIEM match on it. {@link Finding#findingClass} says which check saw it; a code can
 * come from several. {@code docs/findings.md} lists them, with what to do.
 */
public enum FindingCode {
    /** Memory that must not change has other bytes than in the baseline. */
    BYTES_CHANGED,
    /** The kernel's page tables map an address to another guest-physical page than at arming. */
    PAGE_REMAPPED,
    /** A traceable function starts with neither a NOP nor a call of a trampoline of ftrace's. */
    TRACE_SITE_INVALID,
    /** Another place that the kernel patches has bytes which its own patching never writes. */
    PATCH_SITE_INVALID,
    /** The text of a module in the guest's list cannot be read. */
    MODULE_UNREADABLE,
    /** The bytes of a hook were replaced. */
    HOOK_OVERWRITTEN,
    /** A hook's address no longer leads, executable, to the page that holds the hook. */
    HOOK_REMAPPED,
    /** A segment of the region has another digest than at arming. */
    SEGMENT_CHANGED,
    /** The page-table entry of the gates was rewritten, or is reached no more. */
    GATE_ENTRY_CHANGED,
    /** The kernel's page tables show the gates otherwise than armed. */
    GATE_REMAPPED,
    /** A vCPU runs on page tables that show the kernel's half otherwise. */
    VCPU_TABLES_FOREIGN,
    /** A process has page tables that show the kernel's half otherwise. */
    PROCESS_TABLES_FOREIGN,
    /** An entry of a system call or interrupt table leads elsewhere. */
    TABLE_ENTRY_CHANGED,
    /** A register of a vCPU has another value than at arming. */
    REGISTER_CHANGED,
    /** A protection bit of a control register that was on at arming is off. */
    PROTECTION_OFF,
    /** A registered function is none of the kernel's and in no listed module. */
    TARGET_UNKNOWN,
    /** A task that began and did not end is missing from the guest's list. */
    TASK_HIDDEN,
    /** A task is in the guest's list, and nobody saw it begin. */
    TASK_NEVER_BEGAN,
    /** A task ended, as the process monitor saw, and yet it runs. */
    TASK_ENDED_YET_RUNS,
    /** A task is gone, and its end called no monitor. */
    TASK_END_UNSEEN,
    /** A task that nobody saw begin runs, or made an event, and is not in the guest's list. */
    TASK_RUNS_UNSEEN,
    /** The gate was called, and by no hook. */
    CALLS_FORGED,
    /** A process has the kernel's own credentials, {@code init_cred}. */
    CREDENTIALS_OF_KERNEL,
    /** A process got an id or a capability that it had no right to. */
    CREDENTIALS_GAINED,
    /** A process's credentials changed and it made no call that changes them. */
    CREDENTIALS_CHANGED_WITHOUT_CALL,
    /** A task rose to root between two of its events, with no call between them. */
    CREDENTIALS_RAISED_BETWEEN_EVENTS,
    /** A check could not be carried out, in whole or in part. */
    CHECK_INCOMPLETE,
    /** A check found more than it lists. */
    FINDINGS_LEFT_OUT,
    /** A round of checks hung, or did not start when it was due. */
    SCHEDULE_STUCK,
    /** The checks of an earlier manager's boot cannot be continued. */
    BASELINE_UNUSABLE,
    /** The guest could not be armed. */
    ARMING_FAILED,
    /** Events were dropped because the ring was full. */
    EVENTS_DROPPED,
    /** Violations came faster than QEMU keeps them. */
    VIOLATIONS_DROPPED,
    /** The event ring holds what no monitor writes, or its reader failed. */
    RING_UNREADABLE,
    /** The monitors' process of gate {@code exit} ended while its guest ran. */
    MONITOR_PROCESS_ENDED,
    /** The SIM settings of a running domain were removed, or are no longer valid. */
    SETTINGS_LOST;

    /** Returns the word that JSON has in {@code code}: {@code hook-overwritten}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
