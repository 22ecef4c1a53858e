// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import org.simvm.control.ControlException;

/**
 * Answers one verb.
 *
 * @param <Q> its arguments
 * @param <A> one of its answers
 */
@FunctionalInterface
interface Handler<Q extends Record, A extends Record> {
    /**
     * Answers a request from a peer that may use the verb.
     *
     * @throws ControlException why it can't be answered; answers sent before stay sent
     * @throws IOException the peer is gone
     * @throws InterruptedException the manager shuts down
     */
    void handle(Q arguments, Exchange<A> exchange)
            throws ControlException, IOException, InterruptedException;
}
