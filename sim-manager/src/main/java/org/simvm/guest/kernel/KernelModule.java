// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * A loaded module, as the guest's {@code struct module} describes it: all of it is the guest's
 * word.
 *
 * @param address guest-virtual address of the {@code struct module}
 * @param name its name, cleaned
 * @param state 0 live, 1 coming, 2 going, 3 unformed ({@code enum module_state})
 * @param load number of this load: another one if the module is unloaded and loaded again, wherever
 *     it then lies; 0 if the kernel does not tell
 * @param text its core text
 * @param ftraceSites its {@code __mcount_loc}
 * @param jumpLabels its {@code __jump_table}
 * @param staticCalls its static call sites
 */
public record KernelModule(
        long address,
        String name,
        int state,
        long load,
        VirtualRange text,
        Table ftraceSites,
        Table jumpLabels,
        Table staticCalls) {
    /**
     * A table of a module.
     *
     * @param address of its first entry, 0 if there is none
     * @param count of entries
     */
    public record Table(long address, long count) {
        static final Table NONE = new Table(0, 0);

        KernelTable read(VirtualMemory memory, int entrySize) throws GuestMemoryException {
            return address == 0 || count == 0
                    ? null
                    : KernelTable.readAt(memory, address, count * entrySize);
        }
    }

    /** Tells whether its initialisation has ended and its code is in use. */
    public boolean live() {
        return state == 0;
    }
}
