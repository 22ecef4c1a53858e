// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import org.simvm.protocol.Access;

/**
 * Who is at the other end of a connection, as the kernel says (SO_PEERCRED): not what the peer
 * claims.
 *
 * @param user name of its effective user when it connected, or the number if it has no name
 * @param access how much it may
 * @param readOnly whether it came by the socket for those who only look
 */
public record Peer(String user, Access access, boolean readOnly) {
    /** Tells whether the peer may do what needs {@code needed}. */
    public boolean may(Access needed) {
        return access.compareTo(needed) >= 0;
    }
}
