// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.List;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.VcpuSource;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;

/**
 * The registers of the virtual CPUs as QEMU told them, once for all checks of a round: each
 * question waits until every CPU of the guest has stopped for it. Used by one thread at a time.
 */
final class VcpusOfRound implements VcpuSource {
    private final VcpuSource qemu;
    private List<SimStatus.Vcpu> told;

    private VcpusOfRound(VcpuSource qemu) {
        this.qemu = qemu;
    }

    /** Returns the guest with such registers, which {@link #begin} has QEMU asked for anew. */
    static ArmedGuest of(ArmedGuest guest) {
        return new ArmedGuest(
                guest.kernel(),
                guest.memory(),
                guest.kernelTables(),
                new VcpusOfRound(guest.vcpus()),
                guest.lstar(),
                guest.region(),
                guest.image(),
                guest.gateEntryGpa(),
                guest.hooks(),
                guest.patchable(),
                guest.steps());
    }

    /** Forgets what QEMU told: a round begins, or a second look. */
    static void begin(ArmedGuest guest) {
        ((VcpusOfRound) guest.vcpus()).told = null;
    }

    @Override
    public List<SimStatus.Vcpu> vcpus() throws QmpException, InterruptedException {
        if (told == null) {
            told = qemu.vcpus();
        }
        return told;
    }
}
