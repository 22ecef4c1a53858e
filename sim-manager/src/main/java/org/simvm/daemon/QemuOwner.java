// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import org.simvm.region.FileOwner;
import org.simvm.settings.ManagerSettings;

/** Finds the numbers of the user and group that QEMU runs as. */
final class QemuOwner {
    private QemuOwner() {
    }

    /** Resolves {@code name} or {@code +number} as libvirt's qemu.conf does. */
    static synchronized FileOwner of(ManagerSettings settings) throws PreparationException {
        return new FileOwner(user(settings.qemuUser()), group(settings.qemuGroup()));
    }

    private static int user(String name) throws PreparationException {
        if (name.startsWith("+")) {
            return number(name, "qemu.user");
        }
        LibC.User user = LibC.INSTANCE.getpwnam(name);
        if (user == null) {
            throw new PreparationException("there is no user '" + name
                    + "'; set qemu.user in sim-manager.conf to what libvirt's qemu.conf says", null);
        }
        return user.uid;
    }

    private static int group(String name) throws PreparationException {
        if (name.startsWith("+")) {
            return number(name, "qemu.group");
        }
        LibC.Group group = LibC.INSTANCE.getgrnam(name);
        if (group == null) {
            throw new PreparationException("there is no group '" + name
                    + "'; set qemu.group in sim-manager.conf to what libvirt's qemu.conf says", null);
        }
        return group.gid;
    }

    private static int number(String text, String key) throws PreparationException {
        try {
            return Integer.parseUnsignedInt(text.substring(1));
        } catch (NumberFormatException e) {
            throw new PreparationException(key + " in sim-manager.conf: '" + text + "' is neither a name nor + and a number", e);
        }
    }

    /** The JDK finds users by name, but does not tell their numbers. */
    interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        User getpwnam(String name);

        Group getgrnam(String name);

        @FieldOrder({"name", "password", "uid", "gid", "comment", "home", "shell"})
        class User extends Structure {
            public String name;
            public String password;
            public int uid;
            public int gid;
            public String comment;
            public String home;
            public String shell;
        }

        @FieldOrder({"name", "password", "gid", "members"})
        class Group extends Structure {
            public String name;
            public String password;
            public int gid;
            public Pointer members;
        }
    }
}
