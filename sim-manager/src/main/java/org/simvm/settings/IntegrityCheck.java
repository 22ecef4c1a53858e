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
    /** The guest kernel's text, outside of what the kernel itself patches. */
    KERNEL_TEXT(FindingClass.KERNEL_TEXT);

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
