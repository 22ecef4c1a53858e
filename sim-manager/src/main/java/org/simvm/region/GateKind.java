// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * How a hook gets to the monitor and back, down to the instruction ({@code SIM_GATE_*} in
 * {@code sim_abi.h}).
 */
public enum GateKind {
    /** {@code VMFUNC} switches to the SIM view: no exit. */
    VMFUNC(SimAbi.Header.GATE_VMFUNC, "vmfunc", 0x0f01d4),
    /** {@code VMCALL} does: a hypercall on Intel. */
    VMCALL(SimAbi.Header.GATE_HYPERCALL, "hypercall", 0x0f01c1),
    /** {@code VMMCALL} does: a hypercall on AMD. */
    VMMCALL(SimAbi.Header.GATE_HYPERCALL, "hypercall", 0x0f01d9),
    /**
     * An I/O port leaves the guest, and the monitors run in a process on the host: there is no SIM
     * view.
     */
    EXIT(SimAbi.Header.GATE_EXIT, "exit", 0);

    private final int code;
    private final String wireName;
    private final int switching;

    GateKind(int code, String wireName, int switching) {
        this.code = code;
        this.wireName = wireName;
        this.switching = switching;
    }

    /**
     * Returns what QMP and the domain's settings call it: {@code vmfunc}, {@code hypercall} or
     * {@code exit}.
     */
    public String wireName() {
        return wireName;
    }

    int code() {
        return code;
    }

    /** The three bytes of the instruction that switches views, the first one highest. */
    int switching() {
        return switching;
    }

    /** Tells whether the monitors run in the guest, in the SIM view. */
    public boolean inGuest() {
        return this != EXIT;
    }

    /**
     * Finds the gate of a header; the header does not tell the two hypercalls apart, and gets
     * {@code VMCALL}.
     */
    static GateKind of(int code) throws RegionException {
        for (GateKind kind : values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        throw new RegionException("region header names gate " + code + ", which there is not");
    }
}
