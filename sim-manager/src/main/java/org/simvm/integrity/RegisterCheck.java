// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.SymbolOffset;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;

/**
 * Compares registers of every virtual CPU that has been brought up with what the first one had when
 * the guest was armed. QEMU tells them, so no guest memory is believed.
 */
final class RegisterCheck implements Check {
    /**
     * {@code CR4}: PAE, LA57, SMEP, SMAP. What was on keeps the kernel out of an attacker's pages.
     */
    private static final long CR4_BITS = 1L << 5 | 1L << 12 | 1L << 20 | 1L << 21;
    /** {@code EFER}: SCE, LME, LMA, NXE. */
    private static final long EFER_BITS = 1L | 1L << 8 | 1L << 10 | 1L << 11;
    /** {@code CR0}: WP, PG. */
    private static final long CR0_BITS = 1L << 16 | 1L << 31;

    private final ArmedGuest guest;
    private final List<Register> registers;
    private final Map<String, Long> recorded;

    /** Reads a register of a CPU; empty if QEMU does not tell it. */
    private interface Reader {
        OptionalLong read(SimStatus.Vcpu vcpu);
    }

    /**
     * A register that is compared.
     *
     * @param mask bits that must stay as they were; those off at the baseline may be on
     */
    private record Register(String name, Reader reader, long mask, boolean address) {}

    /** Where system calls enter the kernel, and the bits that protect it. */
    private static final List<Register> ENTRIES = List.of(
            new Register("LSTAR", vcpu -> OptionalLong.of(vcpu.lstar()), -1, true),
            new Register("CSTAR", SimStatus.Vcpu::cstar, -1, true),
            new Register("SYSENTER_EIP", SimStatus.Vcpu::sysenterEip, -1, true),
            new Register("CR0", SimStatus.Vcpu::cr0, CR0_BITS, false),
            new Register("CR4", vcpu -> OptionalLong.of(vcpu.cr4()), CR4_BITS, false),
            new Register("EFER", vcpu -> OptionalLong.of(vcpu.efer()), EFER_BITS, false));
    /** Where the interrupt table is: Linux shows one to all CPUs. */
    private static final List<Register> INTERRUPTS =
            List.of(new Register("interrupt table", vcpu -> OptionalLong.of(vcpu.idt()), -1, true));

    private RegisterCheck(ArmedGuest guest, List<Register> registers, Map<String, Long> recorded) {
        this.guest = guest;
        this.registers = registers;
        this.recorded = recorded;
    }

    static RegisterCheck recordEntries(ArmedGuest guest) throws QmpException, InterruptedException {
        return record(guest, ENTRIES);
    }

    static RegisterCheck recordInterrupts(ArmedGuest guest)
            throws QmpException, InterruptedException {
        return record(guest, INTERRUPTS);
    }

    private static RegisterCheck record(ArmedGuest guest, List<Register> registers)
            throws QmpException, InterruptedException {
        Map<String, Long> values = new LinkedHashMap<>();
        Optional<SimStatus.Vcpu> first = guest.vcpus().vcpus().stream()
                .filter(vcpu -> vcpu.lstar() == guest.lstar())
                .findFirst();
        for (Register register : registers) {
            first.map(register.reader()::read)
                    .ifPresent(value -> value.ifPresent(
                            known -> values.put(register.name(), known & register.mask())));
        }
        return new RegisterCheck(guest, registers, values);
    }

    static RegisterCheck resumeEntries(ArmedGuest guest, Map<String, String> kept) {
        return resume(guest, ENTRIES, kept);
    }

    static RegisterCheck resumeInterrupts(ArmedGuest guest, Map<String, String> kept) {
        return resume(guest, INTERRUPTS, kept);
    }

    private static RegisterCheck resume(
            ArmedGuest guest, List<Register> registers, Map<String, String> kept) {
        Map<String, Long> values = new LinkedHashMap<>();
        kept.forEach((name, value) -> values.put(name, Long.parseUnsignedLong(value, 16)));
        return new RegisterCheck(guest, registers, values);
    }

    Map<String, String> baseline() {
        Map<String, String> values = new LinkedHashMap<>();
        recorded.forEach((name, value) -> values.put(name, Long.toHexString(value)));
        return values;
    }

    @Override
    public void run(FindingCollector findings) throws QmpException, InterruptedException {
        for (SimStatus.Vcpu vcpu : guest.vcpus().vcpus()) {
            if (vcpu.lstar() == 0) { // not brought up
                continue;
            }
            for (Register register : registers) {
                Long expected = recorded.get(register.name());
                OptionalLong now = register.reader().read(vcpu);
                if (expected != null && now.isPresent()) {
                    findings.compared(Long.BYTES);
                    compare(vcpu, register, expected, now.getAsLong(), findings);
                }
            }
        }
    }

    private void compare(
            SimStatus.Vcpu vcpu,
            Register register,
            long expected,
            long now,
            FindingCollector findings) {
        String subject = register.name() + " of vCPU " + vcpu.index();
        if (register.address()) {
            if (now != expected) {
                findings.add(
                        FindingCode.REGISTER_CHANGED,
                        subject,
                        OptionalLong.of(now),
                        OptionalLong.empty(),
                        new Evidence.Addresses(describe(expected), describe(now)));
            }
        } else if ((expected & ~now) != 0) {
            findings.add(
                    FindingCode.PROTECTION_OFF,
                    subject,
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    new Evidence.Bits(expected, now));
        }
    }

    private Evidence.Address describe(long address) {
        return new Evidence.Address(
                address, guest.kernel().symbolAt(address).map(SymbolOffset::toString));
    }
}
