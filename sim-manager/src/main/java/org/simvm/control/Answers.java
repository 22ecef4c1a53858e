// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;

/** Takes the answers to one request. Used by the thread that handles the request. */
public interface Answers {
    /**
     * Sends one answer, a record of the protocol. Blocks while the peer does not read.
     *
     * @throws IOException the peer is gone
     */
    void send(Record answer) throws IOException;

    /**
     * Has {@code hungUp} called when the peer hangs up, for requests that wait for something to
     * happen. Call it once.
     *
     * @param hungUp called once, on another thread, unless the request is over before
     */
    void onHangUp(Runnable hungUp);
}
