// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.Optional;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.ModuleList;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/** Compares a part of the kernel's image with its copy: its text, or its read-only data. */
final class CopyCheck implements Check {
    private final ArmedGuest guest;
    private final Optional<ModuleList> modules;
    private final MemoryCopy copy;

    /** @param modules for judging where branches lead */
    CopyCheck(ArmedGuest guest, Optional<ModuleList> modules, MemoryCopy copy) {
        this.guest = guest;
        this.modules = modules;
        this.copy = copy;
    }

    MemoryCopy copy() {
        return copy;
    }

    @Override
    public void run(FindingCollector findings) throws GuestMemoryException {
        copy.compare(
                findings,
                new PatchSiteVerifier(
                        guest.kernel(),
                        new VirtualMemory(guest.kernelTables()),
                        LoadedCode.read(guest.kernel(), modules)));
    }
}
