// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.HookSite;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.Translation;
import org.simvm.settings.IntegrityCheck;

/**
 * Looks at each hook twice: where the kernel's own page tables lead now, so that a page put in
 * place of the patched one shows; and at the guest-physical address where it was written.
 */
final class HookCheck implements Check {
    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "hooks", IntegrityCheck.HOOKS, guest -> Optional.of(new HookCheck(guest.armed())));

    private final ArmedGuest guest;

    private HookCheck(ArmedGuest guest) {
        this.guest = guest;
    }

    @Override
    public void run(FindingCollector findings) throws GuestMemoryException {
        for (HookSite hook : guest.hooks()) {
            byte[] call = hook.call();
            byte[] now = new byte[call.length];
            guest.memory().read(hook.gpa(), now, 0, now.length);
            findings.compared(now.length);
            if (!Arrays.equals(call, now)) {
                HexFormat hex = HexFormat.of();
                findings.add(
                        FindingCode.HOOK_OVERWRITTEN,
                        hook.symbol(),
                        OptionalLong.of(hook.address()),
                        OptionalLong.of(hook.gpa()),
                        new Evidence.HookBytes(
                                hex.formatHex(call),
                                hex.formatHex(now),
                                hex.formatHex(hook.original())));
            }
            mapping(hook, findings);
        }
    }

    private void mapping(HookSite hook, FindingCollector findings) throws GuestMemoryException {
        Optional<Translation> page = guest.kernelTables().translate(hook.address());
        if (page.isEmpty() || page.get().gpa() != hook.gpa() || !page.get().executable()) {
            findings.add(
                    FindingCode.HOOK_REMAPPED,
                    hook.symbol(),
                    OptionalLong.of(hook.address()),
                    page.map(Translation::gpa).map(OptionalLong::of).orElse(OptionalLong.empty()),
                    new Evidence.Mapping(hook.gpa(), page));
        }
    }
}
