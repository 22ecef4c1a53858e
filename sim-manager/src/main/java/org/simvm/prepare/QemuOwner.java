// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import org.simvm.accounts.UserDatabase;
import org.simvm.region.FileOwner;

/** Finds the numbers of the user and group that QEMU runs as. */
public final class QemuOwner {
    private QemuOwner() {}

    /** Resolves {@code name} or {@code +number} as libvirt's qemu.conf does. */
    public static FileOwner of(PrepareSettings settings) throws PreparationException {
        return new FileOwner(user(settings.qemuUser()), group(settings.qemuGroup()));
    }

    private static int user(String name) throws PreparationException {
        if (name.startsWith("+")) {
            return number(name, "qemu.user");
        }
        return UserDatabase.user(name)
                .orElseThrow(() -> new PreparationException(
                        "there is no user '" + name
                                + "'; set qemu.user in sim-manager.conf to what libvirt's "
                                + "qemu.conf says",
                        null));
    }

    private static int group(String name) throws PreparationException {
        if (name.startsWith("+")) {
            return number(name, "qemu.group");
        }
        return UserDatabase.group(name)
                .orElseThrow(() -> new PreparationException(
                        "there is no group '" + name
                                + "'; set qemu.group in sim-manager.conf to what libvirt's "
                                + "qemu.conf says",
                        null));
    }

    private static int number(String text, String key) throws PreparationException {
        try {
            return Integer.parseUnsignedInt(text.substring(1));
        } catch (NumberFormatException e) {
            throw new PreparationException(
                    key + " in sim-manager.conf: '" + text
                            + "' is neither a name nor + and a number",
                    e);
        }
    }
}
