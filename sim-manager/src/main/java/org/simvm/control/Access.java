// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

/** Says how much a question needs, and how much a peer may, least first. */
public enum Access {
    /** Looks only. Whoever the socket's file mode lets connect. */
    READ,
    /**
     * Changes what the manager or a domain does: root, the manager's own user, members of the
     * control group.
     */
    CHANGE,
    /**
     * Shows what even administrators of a domain should not see: root and the manager's own user.
     */
    ROOT
}
