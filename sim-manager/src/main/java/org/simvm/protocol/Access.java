// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/** How much a verb needs, and how much a peer has, least first. */
public enum Access {
    /** Reads only. Everybody whom the socket's file mode lets connect. */
    READ,
    /**
     * Changes what the manager or a domain does, or shows what a guest does: root, the manager's
     * own user, members of the control group.
     */
    CHANGE,
    /**
     * Shows what even an administrator of a domain should not see: root, the manager's own user.
     */
    ROOT
}
