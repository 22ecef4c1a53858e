// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** An open QMP connection, capabilities negotiated. */
interface QmpConnection extends AutoCloseable {
    /**
     * Executes a command and returns the value of its {@code return} member.
     *
     * @param arguments the command's arguments, or null for none
     * @throws QmpException.Refused if QEMU answers with an error
     * @throws QmpException.TimedOut if no answer comes in time
     * @throws QmpException.Closed if the connection is or gets closed
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    JsonNode execute(String command, ObjectNode arguments)
            throws QmpException, InterruptedException;

    /**
     * Begins to deliver events, those received before this call included. Call it once.
     *
     * @param listener called for every event since the connection was opened
     */
    void listen(QmpListener listener);

    /** Closes the connection; commands in flight end with {@link QmpException.Closed}. */
    @Override
    void close();
}
