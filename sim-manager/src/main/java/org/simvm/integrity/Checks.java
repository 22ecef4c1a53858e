// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.List;

/** Lists the checks. A new one is a class with a definition, and a line here. */
final class Checks {
    /** Within a group they run in this order. */
    static final List<CheckDefinition<?>> ALL = List.of(
            SegmentCheck.MONITOR_CODE,
            SegmentCheck.GATES,
            ForgedCallCheck.DEFINITION,
            SegmentCheck.MONITOR_DATA,
            GateMappingCheck.DEFINITION,
            HookCheck.DEFINITION,
            CopyCheck.KERNEL_TEXT,
            CopyCheck.READ_ONLY_DATA,
            TableCheck.SYSTEM_CALLS,
            TableCheck.INTERRUPTS,
            RegisterCheck.INTERRUPT_TABLE,
            RegisterCheck.ENTRIES,
            SystemCallSegmentCheck.DEFINITION,
            ModuleCheck.DEFINITION,
            CallTargetCheck.DEFINITION,
            TaskCheck.DEFINITION,
            CredentialCheck.DEFINITION);

    private Checks() {}
}
