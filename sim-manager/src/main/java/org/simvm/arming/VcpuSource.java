// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.List;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimStatus;

/** Reads the registers of a guest's virtual CPUs, from QEMU and not from the guest's memory. */
@FunctionalInterface
public interface VcpuSource {
    /**
     * Asks QEMU.
     *
     * @throws QmpException if QEMU does not answer, or is gone
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    List<SimStatus.Vcpu> vcpus() throws QmpException, InterruptedException;
}
