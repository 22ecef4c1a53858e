// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.List;
import java.util.Optional;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelModule;
import org.simvm.guest.kernel.SymbolOffset;

/**
 * What is code in the guest's kernel at a moment: its text, which has a check, and the text of
 * modules in the guest's list, which has one too.
 *
 * @param modules those in the list
 */
record LoadedCode(Kernel kernel, List<KernelModule> modules) {
    Optional<KernelModule> moduleAt(long address) {
        return modules.stream()
                .filter(module -> module.text().contains(address))
                .findFirst();
    }

    boolean contains(long address) {
        return kernel.text().contains(address) || moduleAt(address).isPresent();
    }

    /**
     * Tells whether a function can begin at an address: in the kernel's own text only where a
     * symbol does, in a module's anywhere, as its symbols are the module's word.
     */
    boolean function(long address) {
        if (kernel.text().contains(address)) {
            return kernel.hasSymbolAt(address);
        }
        return moduleAt(address).isPresent();
    }

    /** Says which function or module an address is in. */
    Evidence.Address address(long address) {
        return new Evidence.Address(
                address,
                kernel.symbolAt(address)
                        .map(SymbolOffset::toString)
                        .or(() -> moduleAt(address)
                                .map(module -> String.format(
                                        "%s+0x%x",
                                        module.name(), address - module.text().start()))));
    }
}
