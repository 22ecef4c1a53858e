// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;
import org.simvm.settings.IntegrityCheck;

/**
 * Compares registers of every vCPU that was brought up with what the first one had when the guest
 * was armed. QEMU reports them, so no guest memory is believed.
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

    /** Where system calls enter the kernel, and the bits that protect it. */
    static final CheckDefinition<Values> ENTRIES = definition(
            "entry-registers",
            IntegrityCheck.ENTRY_REGISTERS,
            List.of(
                    Register.whole("LSTAR", vcpu -> OptionalLong.of(vcpu.lstar())),
                    Register.whole("CSTAR", SimStatus.Vcpu::cstar),
                    Register.whole("SYSENTER_EIP", SimStatus.Vcpu::sysenterEip),
                    Register.bits("CR0", SimStatus.Vcpu::cr0, CR0_BITS),
                    Register.bits("CR4", vcpu -> OptionalLong.of(vcpu.cr4()), CR4_BITS),
                    Register.bits("EFER", vcpu -> OptionalLong.of(vcpu.efer()), EFER_BITS)));

    /** Where the interrupt table is: Linux shows one to all CPUs. */
    static final CheckDefinition<Values> INTERRUPT_TABLE = definition(
            "interrupt-table-register",
            IntegrityCheck.INTERRUPT_TABLE,
            List.of(Register.whole("interrupt table", vcpu -> OptionalLong.of(vcpu.idt()))));

    private final CheckedGuest guest;
    private final List<Register> registers;
    private final Values recorded;

    /** Reads a register of a vCPU; empty if QEMU does not report it. */
    interface Reader {
        OptionalLong read(SimStatus.Vcpu vcpu);
    }

    /**
     * A register that is compared.
     *
     * @param mask bits that must stay as they were; those off at the baseline may be on
     * @param whole whether all of it must stay as it was
     */
    record Register(String name, Reader reader, long mask, boolean whole) {
        static Register whole(String name, Reader reader) {
            return new Register(name, reader, -1, true);
        }

        static Register bits(String name, Reader reader, long mask) {
            return new Register(name, reader, mask, false);
        }
    }

    /**
     * Values of registers, by name.
     *
     * @param registers hexadecimal
     */
    record Values(Map<String, String> registers) {
        OptionalLong of(Register register) {
            String value = registers.get(register.name());
            return value == null ? OptionalLong.empty() : OptionalLong.of(Baseline.number(value));
        }
    }

    private RegisterCheck(CheckedGuest guest, List<Register> registers, Values recorded) {
        this.guest = guest;
        this.registers = registers;
        this.recorded = recorded;
    }

    /** Defines a check of registers that all vCPUs have alike. */
    static CheckDefinition<Values> definition(
            String name, IntegrityCheck group, List<Register> registers) {
        return new CheckDefinition<>(
                name,
                group,
                Values.class,
                guest -> Optional.of(new RegisterCheck(guest, registers, record(guest, registers))),
                (guest, kept, directory) -> new RegisterCheck(guest, registers, kept));
    }

    private static Values record(CheckedGuest guest, List<Register> registers)
            throws QmpException, InterruptedException {
        Map<String, String> values = new LinkedHashMap<>();
        Optional<SimStatus.Vcpu> first = guest.vcpus().stream()
                .filter(vcpu -> vcpu.lstar() == guest.armed().lstar())
                .findFirst();
        for (Register register : registers) {
            first.map(register.reader()::read)
                    .ifPresent(value -> value.ifPresent(known -> values.put(
                            register.name(), Long.toHexString(known & register.mask()))));
        }
        return new Values(values);
    }

    @Override
    public Optional<Object> section(Path directory) {
        return Optional.of(recorded);
    }

    @Override
    public void run(FindingCollector findings) throws QmpException, InterruptedException {
        for (SimStatus.Vcpu vcpu : guest.vcpus()) {
            for (Register register : registers) {
                OptionalLong expected = recorded.of(register);
                OptionalLong now = register.reader().read(vcpu);
                if (expected.isPresent() && now.isPresent()) {
                    findings.compared(Long.BYTES);
                    compare(vcpu, register, expected.getAsLong(), now.getAsLong(), findings);
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
        if (register.whole()) {
            if (now != expected) {
                findings.add(
                        FindingCode.REGISTER_CHANGED,
                        subject,
                        OptionalLong.of(now),
                        OptionalLong.empty(),
                        new Evidence.Addresses(guest.address(expected), guest.address(now)));
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
}
