// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.Optional;

/** Classifies what the region device reports as a violation; a policy names these. */
public enum ViolationKind {
    /** The normal view, or a device, touched the SIM area. */
    PROBE("probe", "probe"),
    /** The guest wrote protected bytes of a sealed page. */
    SEALED_WRITE("sealedWrite", "sealed-write"),
    /** The SIM view executed outside of the gates and the monitor. */
    EXECUTE("execute", "execute"),
    /** The SIM view touched an address that is neither guest RAM nor region. */
    ACCESS("access", "access"),
    /** The SIM view touched the region in a way that the segment does not permit. */
    PERMISSION("permission", "permission"),
    /** An exception was raised in the SIM view. */
    EXCEPTION("exception", "exception"),
    /** VMFUNC with a leaf or an index that does not exist. */
    VMFUNC("vmfunc", "vmfunc"),
    /** The SIM view was entered with interrupts enabled. */
    INTERRUPT_FLAG("interruptFlag", "interrupt-flag"),
    /** The guest cleared a bit of a control register that was pinned when it was sealed. */
    PINNED_CONTROL("pinnedControl", "pinned-control"),
    /** The SIM view executed an instruction that it must not. */
    INSTRUCTION("instruction", "instruction"),
    /** An event was about to be delivered in the SIM view. */
    EVENT("event", "event"),
    /** The monitors' process of gate {@code exit} did not answer a call in time. */
    MONITOR_LOST("monitorLost", "monitor-lost");

    private final String xmlName;
    private final String qmpName;

    ViolationKind(String xmlName, String qmpName) {
        this.xmlName = xmlName;
        this.qmpName = qmpName;
    }

    /** Returns the value of the XML attribute {@code kind} of {@code onViolation}. */
    public String xmlName() {
        return xmlName;
    }

    /** Returns the value of {@code kind} in a QMP {@code SimViolation}. */
    public String qmpName() {
        return qmpName;
    }

    /** Finds the kind that QMP calls {@code name}; empty if this version knows none. */
    public static Optional<ViolationKind> byQmpName(String name) {
        for (ViolationKind kind : values()) {
            if (kind.qmpName.equals(name)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
