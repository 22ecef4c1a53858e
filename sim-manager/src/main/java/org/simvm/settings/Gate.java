// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

/** Names the way in which a hook in the guest reaches the monitor. */
public enum Gate {
    /** The best of the others that the host offers. */
    AUTO("auto"),
    /** VMFUNC leaf 0 (EPTP switching): no exit; patched QEMU (TCG), or patched KVM on Intel. */
    VMFUNC("vmfunc"),
    /** A hypercall switches the view: one exit each way; patched KVM on any CPU with EPT or NPT. */
    HYPERCALL("hypercall"),
    /** The monitor runs in a process on the host: an unpatched KVM is enough. */
    EXIT("exit");

    private final String xmlName;

    Gate(String xmlName) {
        this.xmlName = xmlName;
    }

    /** Returns the value of the XML attribute {@code gate}. */
    public String xmlName() {
        return xmlName;
    }
}
