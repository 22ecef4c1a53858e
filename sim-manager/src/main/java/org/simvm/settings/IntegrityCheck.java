// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

/** Names a check that compares an armed guest with its baseline. */
public enum IntegrityCheck {
    /** The monitor's code in the region against its digest. */
    MONITOR_CODE(FindingClass.MONITOR_CODE),
    /** The gate pages, G1 and G2. */
    GATES(FindingClass.GATES),
    /** The page-table entries that map the gates, seen from the page tables of every process. */
    GATE_MAPPING(FindingClass.GATE_MAPPING),
    /** The patched bytes of every hook. */
    HOOKS(FindingClass.HOOKS),
    /** The guest kernel's text; where the kernel patches itself, what it may write there. */
    KERNEL_TEXT(FindingClass.KERNEL_TEXT),
    /** The SIM page tables, the account of stacks, the ring's own numbers. */
    MONITOR_DATA(FindingClass.MONITOR_DATA),
    /**
     * The kernel's read-only data: operation tables, symbols, system call tables, security hooks.
     */
    READ_ONLY_DATA(FindingClass.READ_ONLY_DATA),
    /** The system call tables: 64-bit, 32-bit, x32. */
    SYSTEM_CALLS(FindingClass.SYSTEM_CALLS),
    /** The interrupt table, and where each CPU has it. */
    INTERRUPT_TABLE(FindingClass.INTERRUPT_TABLE),
    /**
     * {@code LSTAR}, {@code CSTAR}, {@code SYSENTER_EIP}, and the control bits that protect the
     * kernel.
     */
    ENTRY_REGISTERS(FindingClass.ENTRY_REGISTERS),
    /** The text of each loaded module. */
    MODULE_TEXT(FindingClass.MODULE_TEXT),
    /** The functions that security modules, network filters, ftrace and kprobes have registered. */
    CALL_TARGETS(FindingClass.CALL_TARGETS),
    /** The guest's tasks against those that the process monitor saw begin and not end. */
    TASKS(FindingClass.TASKS),
    /** The credentials of each process against what it was when it was last looked at. */
    CREDENTIALS(FindingClass.CREDENTIALS);

    private final FindingClass findingClass;

    IntegrityCheck(FindingClass findingClass) {
        this.findingClass = findingClass;
    }

    /** Returns the value of the XML attribute {@code name} of a {@code check}. */
    public String xmlName() {
        return findingClass.xmlName();
    }

    /** Returns the class of the findings that this check makes. */
    public FindingClass findingClass() {
        return findingClass;
    }
}
