// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.accounts;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.IntByReference;

import java.util.Arrays;
import java.util.OptionalInt;

/** Looks up users and groups: getpwnam(3), getgrnam(3) and getgrouplist(3). */
public final class UserDatabase {
    private static final int MAX_GROUPS = 65536; // NGROUPS_MAX of Linux
    private static final int NOBODYS_GROUP = 65534;

    private UserDatabase() {}

    /** Returns a user's number; empty if there is no such user. */
    public static OptionalInt user(String name) {
        synchronized (UserDatabase.class) { // libc answers in memory that the next call overwrites
            LibC.User user = LibC.INSTANCE.getpwnam(name);
            return user == null ? OptionalInt.empty() : OptionalInt.of(user.uid);
        }
    }

    /** Returns a group's number; empty if there is no such group. */
    public static OptionalInt group(String name) {
        synchronized (UserDatabase.class) {
            LibC.Group group = LibC.INSTANCE.getgrnam(name);
            return group == null ? OptionalInt.empty() : OptionalInt.of(group.gid);
        }
    }

    /** Tells whether a group is among a user's supplementary ones; no if either does not exist. */
    public static boolean isMember(String user, String group) {
        OptionalInt wanted = group(group);
        if (wanted.isEmpty()) {
            return false;
        }
        int[] groups = new int[64];
        IntByReference count = new IntByReference(groups.length);
        if (LibC.INSTANCE.getgrouplist(user, NOBODYS_GROUP, groups, count) < 0) {
            groups = new int[Math.min(count.getValue(), MAX_GROUPS)];
            count.setValue(groups.length);
            if (LibC.INSTANCE.getgrouplist(user, NOBODYS_GROUP, groups, count) < 0) {
                return false;
            }
        }
        return Arrays.stream(groups, 0, count.getValue()).anyMatch(gid -> gid == wanted.getAsInt());
    }

    /** What is used of the C library. */
    interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        User getpwnam(String name);

        Group getgrnam(String name);

        int getgrouplist(String user, int group, int[] groups, IntByReference count);

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
