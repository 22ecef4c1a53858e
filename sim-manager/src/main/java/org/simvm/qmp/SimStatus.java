// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.util.List;
import java.util.Optional;

/**
 * Holds the answer to {@code query-sim}. 64-bit values are unsigned.
 *
 * @param abi {@code SIM_ABI_VERSION} that QEMU was built with
 * @param state where the device stands
 * @param gate which gate is in use, for instance {@code vmfunc}
 * @param pid QEMU's process id, as QEMU sees it
 * @param areaBase first guest-physical address of SIM's area
 * @param areaSize bytes of the area
 * @param armedBoots how many boots of this QEMU were armed
 * @param switches view switches so far, both ways counted
 * @param violations violations so far, limited or not
 * @param doorbells doorbell writes so far
 * @param ram the guest's RAM, by guest-physical address
 * @param boot the last {@code SIM_BOOT} since reset, for a manager that came too late for the event; its
 *     {@code receivedNanos} is when this answer was read
 * @param vcpus one entry for each virtual CPU
 */
public record SimStatus(int abi, DeviceState state, String gate, long pid, long areaBase, long areaSize,
        long armedBoots, long switches, long violations, long doorbells, List<RamBlock> ram, List<Vcpu> vcpus,
        Optional<SimEvent.Boot> boot) {

    public SimStatus {
        ram = List.copyOf(ram);
        vcpus = List.copyOf(vcpus);
    }

    /**
     * Places a piece of guest RAM in a file of QEMU's.
     *
     * @param gpa guest-physical address of its first byte
     * @param size in bytes
     * @param fd QEMU's file descriptor of the memory backend ({@code /proc/<pid>/fd/<fd>})
     * @param offset of the first byte in that file
     */
    public record RamBlock(long gpa, long size, int fd, long offset) {
    }

    /**
     * Shows one virtual CPU.
     *
     * @param index QEMU's index
     * @param view the guest-physical map it runs in, {@code normal} or {@code sim}
     * @param cr3 the register's value
     * @param cr4 the register's value
     * @param rip the register's value
     */
    public record Vcpu(int index, String view, long cr3, long cr4, long rip) {
    }
}
