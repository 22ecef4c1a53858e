// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Holds the answer to {@code query-sim}. 64-bit values are unsigned.
 *
 * @param abi {@code SIM_ABI_VERSION} that QEMU was built with
 * @param state where the device stands
 * @param gate which gate is in use: {@code vmfunc}, {@code hypercall} or {@code exit}
 * @param accelerator what runs the guest: {@code tcg} or {@code kvm}; empty if QEMU does not say
 * @param pid QEMU's process id, as QEMU sees it
 * @param physicalBits width of guest-physical addresses
 * @param areaBase first guest-physical address of SIM's area
 * @param areaSize bytes of the area
 * @param armedBoots how many boots of this QEMU were armed
 * @param switches view switches so far, both ways counted; empty if nobody counts them, as under
 *     KVM
 * @param violations violations so far, limited or not
 * @param doorbells doorbell writes so far
 * @param lastBranchRecord whether a gate can read which branch led to it; not if QEMU does not say
 * @param ram the guest's RAM, by guest-physical address
 * @param vcpus one entry for each virtual CPU
 */
public record SimStatus(
        int abi,
        DeviceState state,
        String gate,
        Optional<String> accelerator,
        long pid,
        int physicalBits,
        long areaBase,
        long areaSize,
        long armedBoots,
        OptionalLong switches,
        long violations,
        long doorbells,
        boolean lastBranchRecord,
        List<RamBlock> ram,
        List<Vcpu> vcpus) {

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
    public record RamBlock(long gpa, long size, int fd, long offset) {}

    /**
     * Shows one virtual CPU. Registers are exact only while the guest is stopped.
     *
     * @param index QEMU's index
     * @param view the guest-physical map it runs in, {@code normal} or {@code sim}
     * @param calls how often it called the gate; empty if nobody counts that, as under KVM
     * @param cr3 the register's value
     * @param cr4 the register's value
     * @param efer the register's value
     * @param lstar where {@code SYSCALL} enters the kernel
     * @param idt base address of the interrupt descriptor table
     * @param rip the register's value
     * @param cstar where {@code SYSCALL} of 32-bit code enters the kernel; empty if QEMU does not
     *     tell
     * @param sysenterEip where {@code SYSENTER} enters the kernel; empty if QEMU does not say
     * @param star the segments of {@code SYSCALL} and {@code SYSRET}; empty if QEMU does not say
     * @param fmask the flags that {@code SYSCALL} clears; empty if QEMU does not say
     * @param sysenterCs the segments of {@code SYSENTER}; empty if QEMU does not say
     * @param cr0 the register's value; empty if QEMU does not say
     * @param online whether it left the state in which it waits for its startup interrupt; empty if
     *     QEMU does not say
     */
    public record Vcpu(
            int index,
            String view,
            OptionalLong calls,
            long cr3,
            long cr4,
            long efer,
            long lstar,
            long idt,
            long rip,
            OptionalLong cstar,
            OptionalLong sysenterEip,
            OptionalLong star,
            OptionalLong fmask,
            OptionalLong sysenterCs,
            OptionalLong cr0,
            Optional<Boolean> online) {
        private static final long PROTECTION = 1;
        private static final long PAGING = 1L << 31;
        private static final long LONG_MODE_ACTIVE = 1L << 10;
        private static final long FRED = 1L << 32;

        /**
         * Tells whether the guest has brought it up: it was sent the startup interrupt, as the
         * hypervisor says. A QEMU that does not say leaves its entry of system calls to go by.
         */
        public boolean broughtUp() {
            return online.orElse(lstar != 0);
        }

        /** Names the processor mode (SDM volume 3, section 2.2) for a person. */
        public String mode() {
            String fred = (cr4 & FRED) != 0 ? ", FRED on" : "";
            if ((efer & LONG_MODE_ACTIVE) != 0) {
                return "long mode" + fred;
            }
            long control = cr0.orElse(0);
            if ((control & PROTECTION) == 0) {
                return "real mode";
            }
            return "protected mode, paging " + ((control & PAGING) != 0 ? "on" : "off") + fred;
        }

        /** Tells whether it runs monitor code just now. */
        public boolean inSimView() {
            return view.equals("sim");
        }
    }

    /**
     * Returns what the event {@code SIM_BOOT} said, for a manager that connected too late to get
     * it.
     *
     * @param nanos {@link System#nanoTime()} of this answer
     */
    public Optional<SimEvent.Boot> missedBoot(long nanos) {
        return state != DeviceState.BOOT_STOP
                ? Optional.empty()
                : vcpus.stream()
                        .filter(vcpu -> vcpu.lstar() != 0)
                        .findFirst()
                        .map(vcpu -> new SimEvent.Boot(
                                vcpu.index(),
                                vcpu.lstar(),
                                vcpu.cr3(),
                                vcpu.cr4(),
                                vcpu.efer(),
                                nanos));
    }
}
