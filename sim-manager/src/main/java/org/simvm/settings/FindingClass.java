// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

/** Classifies what the manager itself finds wrong with a domain; a policy names these. */
public enum FindingClass {
    /** Monitor code in the region differs from its digest. */
    MONITOR_CODE("monitorCode"),
    /** A gate page differs. */
    GATES("gates"),
    /** A process's page tables map the gates otherwise, or not at all. */
    GATE_MAPPING("gateMapping"),
    /** A hook's bytes differ. */
    HOOKS("hooks"),
    /** Kernel text differs. */
    KERNEL_TEXT("kernelText"),
    /**
     * What the monitor relies on in the region, but for its own variables, is not as it must be.
     */
    MONITOR_DATA("monitorData"),
    /** The kernel's read-only data differs. */
    READ_ONLY_DATA("readOnlyData"),
    /** An entry of a system call table differs. */
    SYSTEM_CALLS("systemCalls"),
    /** The interrupt table differs, or a CPU uses another one. */
    INTERRUPT_TABLE("interruptTable"),
    /**
     * A register by which a CPU enters the kernel, or by which it is kept out of reach, differs.
     */
    ENTRY_REGISTERS("entryRegisters"),
    /** The text of a kernel module differs from when it was first seen. */
    MODULE_TEXT("moduleText"),
    /**
     * A pointer to a function, of security modules or network filters, leads to where no code
     * belongs.
     */
    CALL_TARGETS("callTargets"),
    /** The guest's list of tasks and the process monitor's record of them contradict each other. */
    TASKS("tasks"),
    /** A process has other credentials, and made no call that gives them. */
    CREDENTIALS("credentials"),
    /**
     * The guest could not be armed: its kernel could not be resolved, or the plan did not apply.
     */
    ARMING_FAILED("armingFailed"),
    /** The ring was full and the monitor counted events that it could not deliver. */
    EVENTS_LOST("eventsLost"),
    /** A check could not be carried out. */
    CHECK_INCOMPLETE("checkIncomplete"),
    /** The monitors' process of gate {@code exit} ended while its guest ran. */
    MONITOR_PROCESS("monitorProcess"),
    /** The SIM settings of a running domain were removed, or are no longer valid. */
    SETTINGS_LOST("settingsLost");

    private final String xmlName;

    FindingClass(String xmlName) {
        this.xmlName = xmlName;
    }

    /** Returns the value of the XML attribute {@code class} of {@code onFinding}. */
    public String xmlName() {
        return xmlName;
    }
}
