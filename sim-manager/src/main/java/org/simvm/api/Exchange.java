// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.Request;
import org.simvm.protocol.Access;

/**
 * A request that is being answered.
 *
 * @param <A> one of the answers
 */
final class Exchange<A extends Record> {
    private final Request request;
    private final Answers answers;

    Exchange(Request request, Answers answers) {
        this.request = request;
        this.answers = answers;
    }

    /**
     * Sends one answer. Blocks while the peer does not read.
     *
     * @throws IOException the peer is gone
     */
    void send(A answer) throws IOException {
        answers.send(answer);
    }

    /**
     * Makes sure that the peer has more access than the verb needs.
     *
     * @throws ControlException it has not
     */
    void demand(Access needed) throws ControlException {
        request.demand(needed);
    }

    /** Has {@code hungUp} called, on another thread, when the peer hangs up. Call it once. */
    void onHangUp(Runnable hungUp) {
        answers.onHangUp(hungUp);
    }
}
