// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.paging.VirtualMemory;

/** Resolves the kernel of a guest that is paused at its boot stop. */
@FunctionalInterface
interface KernelSource {
    /**
     * Resolves a kernel.
     *
     * @param memory as the kernel sees it
     * @param lstar where the kernel says that system calls enter it
     */
    Kernel resolve(VirtualMemory memory, long lstar) throws KernelUnresolvedException;
}
