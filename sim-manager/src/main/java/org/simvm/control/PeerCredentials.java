// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.simvm.accounts.UserDatabase;
import org.simvm.protocol.Access;

/** Finds out who a peer is and how much it may. */
final class PeerCredentials {
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
        // SO_PEERCRED tells the primary group alone; the others are the user database's to say.
        boolean member =
                principal.group().getName().equals(group) || UserDatabase.isMember(user, group);
        return new Peer(user, member ? Access.CHANGE : Access.READ, false);
    }
}
