// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

/** Says where the region device stands between reset and an armed guest. */
public enum DeviceState {
    /** Waits for the first write of {@code MSR_LSTAR} since reset. */
    WAITING("waiting"),
    /** The guest is stopped after that write. */
    BOOT_STOP("boot-stop"),
    /** The guest was resumed after the boot stop; nothing is mapped yet. */
    PREPARING("preparing"),
    /** The SIM view and the gates are effective. */
    MAPPED("mapped"),
    /** Fail-stop: a rule of the SIM view was broken; only a reset leaves this state. */
    FAILED("failed");

    private final String wireName;

    DeviceState(String wireName) {
        this.wireName = wireName;
    }

    /** Returns the name used in QMP. */
    public String wireName() {
        return wireName;
    }

    static DeviceState of(String wireName) throws QmpException {
        for (DeviceState state : values()) {
            if (state.wireName.equals(wireName)) {
                return state;
            }
        }
        throw new QmpException("QEMU reports the unknown device state '" + wireName
                + "': manager and QEMU are of different versions");
    }
}
