// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.OptionalLong;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.Kernel;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;

/**
 * Compares the registers by which a virtual CPU enters the kernel: where system calls go, and where the
 * interrupt table is. QEMU tells them, so no guest memory is believed. A CPU that has not been brought up has
 * none yet.
 */
final class RegisterCheck implements Check {
    private final ArmedGuest guest;
    private final long idt;

    private RegisterCheck(ArmedGuest guest, long idt) {
        this.guest = guest;
        this.idt = idt;
    }

    /**
     * Records what the CPUs have in common while the guest stands: Linux shows one interrupt table to all of
     * them.
     */
    static RegisterCheck record(ArmedGuest guest) throws QmpException, InterruptedException {
        return new RegisterCheck(guest, guest.vcpus().vcpus().stream()
                .filter(vcpu -> vcpu.lstar() == guest.lstar()).mapToLong(SimStatus.Vcpu::idt).findFirst()
                .orElse(0));
    }

    @Override
    public void run(FindingCollector findings) throws QmpException, InterruptedException {
        for (SimStatus.Vcpu vcpu : guest.vcpus().vcpus()) {
            if (vcpu.lstar() == 0) {
                continue;
            }
            findings.compared(2 * Long.BYTES);
            if (vcpu.lstar() != guest.lstar()) {
                findings.add("LSTAR of vCPU " + vcpu.index(), OptionalLong.of(vcpu.lstar()),
                        OptionalLong.empty(), describe(guest.lstar()), describe(vcpu.lstar()));
            }
            if (idt != 0 && vcpu.idt() != idt) {
                findings.add("interrupt table of vCPU " + vcpu.index(), OptionalLong.of(vcpu.idt()),
                        OptionalLong.empty(), describe(idt), describe(vcpu.idt()));
            }
        }
    }

    private String describe(long address) {
        Kernel kernel = guest.kernel();
        return kernel.symbolAt(address).map(symbol -> symbol + " ").orElse("")
                + String.format("(0x%x)", address);
    }
}
