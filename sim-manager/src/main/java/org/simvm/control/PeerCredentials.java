// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.IntByReference;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.OptionalInt;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;

/** Finds out who a peer is and how much it may. */
final class PeerCredentials {
    private static final int MAX_GROUPS = 65536; // NGROUPS_MAX of Linux
    private static final int NOBODYS_GROUP = 65534;

    private final String ownUser = System.getProperty("user.name");
    private final boolean readOnly;
    private volatile String group;

    /**
     * @param group peers in it may change things; it need not exist
     * @param readOnly nobody may change anything
     */
    PeerCredentials(String group, boolean readOnly) {
        this.group = group;
        this.readOnly = readOnly;
    }

    boolean readOnly() {
        return readOnly;
    }

    String group() {
        return group;
    }

    void group(String newGroup) {
        group = newGroup;
    }

    Peer of(SocketChannel channel) throws IOException {
        UnixDomainPrincipal principal = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
        String user = principal.user().getName();
        if (readOnly) {
            return new Peer(user, Access.READ, true);
        }
        if (user.equals("root") || user.equals(ownUser)) {
            return new Peer(user, Access.ROOT, false);
        }
        boolean member = principal.group().getName().equals(group) || isMember(user);
        return new Peer(user, member ? Access.CHANGE : Access.READ, false);
    }

    /** SO_PEERCRED tells the primary group alone; the others are the user database's to say. */
    private boolean isMember(String user) {
        OptionalInt wanted = gid(group);
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

    /** getgrnam answers in memory that the next call overwrites. */
    private static synchronized OptionalInt gid(String group) {
        LibC.Group entry = LibC.INSTANCE.getgrnam(group);
        return entry == null ? OptionalInt.empty() : OptionalInt.of(entry.gid);
    }

    /** The two calls of libc that the JDK has no equivalent for. */
    interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        int getgrouplist(String user, int group, int[] groups, IntByReference count);

        Group getgrnam(String name);

        @FieldOrder({"name", "password", "gid", "members"})
        class Group extends Structure {
            public String name;
            public String password;
            public int gid;
            public Pointer members;
        }
    }
}
