// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.List;
import org.simvm.qmp.SimStatus;
import org.simvm.settings.IntegrityCheck;

/**
 * Defines the check of what system calls enter the kernel with: the segments of {@code SYSCALL} and
 * {@code SYSENTER}, and the flags that {@code SYSCALL} clears (SDM volume 2, {@code SYSCALL},
 * {@code SYSENTER}). With another value an attacker's program has the kernel run on a stack of the
 * program's choice, or with the trap flag set. Linux writes the same values on each CPU
 * ({@code syscall_init()}); a flag more in FMASK does no harm.
 */
final class SystemCallSegmentCheck {
    static final CheckDefinition<RegisterCheck.Values> DEFINITION = RegisterCheck.definition(
            "system-call-segments",
            IntegrityCheck.ENTRY_REGISTERS,
            List.of(
                    RegisterCheck.Register.whole("STAR", SimStatus.Vcpu::star),
                    RegisterCheck.Register.bits("FMASK", SimStatus.Vcpu::fmask, -1),
                    RegisterCheck.Register.whole("SYSENTER_CS", SimStatus.Vcpu::sysenterCs)));

    private SystemCallSegmentCheck() {}
}
