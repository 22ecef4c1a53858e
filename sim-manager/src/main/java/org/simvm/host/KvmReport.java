// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import java.util.List;
import java.util.Objects;

/**
 * What KVM said of itself.
 *
 * @param presence whether it can be asked
 * @param reason why not, in a few words; empty if it can
 * @param vmfunc it is patched, and switches views by VMFUNC
 * @param hypercall it is patched, and switches views by hypercall
 * @param missingForExit what it lacks of that which the gate {@code exit} needs; empty for
 *     upstream's since Linux 5.10
 */
public record KvmReport(
        Presence presence,
        String reason,
        boolean vmfunc,
        boolean hypercall,
        List<String> missingForExit) {

    /** Whether KVM can be asked. */
    public enum Presence {
        /** It answers. */
        USABLE,
        /** There is no device. */
        MISSING,
        /** The device may not be opened by this user. */
        FORBIDDEN,
        /** There is a device that does not answer as KVM does. */
        BROKEN
    }

    public KvmReport {
        Objects.requireNonNull(presence, "presence");
        Objects.requireNonNull(reason, "reason");
        missingForExit = List.copyOf(missingForExit);
    }

    static KvmReport unusable(Presence presence, String reason) {
        return new KvmReport(presence, reason, false, false, List.of());
    }

    /** Tells whether it answered. */
    public boolean usable() {
        return presence == Presence.USABLE;
    }

    /** Tells whether it has the SIM view at all. */
    public boolean patched() {
        return vmfunc || hypercall;
    }
}
