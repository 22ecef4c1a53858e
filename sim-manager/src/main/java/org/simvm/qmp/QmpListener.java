// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

/**
 * Receives what QEMU says unasked. Calls come one at a time, in order, on a thread that belongs to
 * the connection and is not the one that reads from the socket: a listener may itself execute
 * commands.
 */
interface QmpListener {
    /** Called for each event. */
    void event(QmpEvent event);

    /**
     * Called once, after the last event: the connection is gone.
     *
     * @param reason one line
     */
    void closed(String reason);
}
