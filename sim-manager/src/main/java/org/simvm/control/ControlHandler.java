// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;

/** Answers questions. Calls come on one thread for each connection, many at a time. */
public interface ControlHandler {
    /**
     * Answers libvirt's hook. libvirt waits, and holds the domain's lock meanwhile: be done within
     * milliseconds, and never ask libvirt anything.
     */
    HookAnswer hook(HookCall call);

    /**
     * Answers a request. When it returns, the peer is told that this was all; it may send nothing.
     *
     * @throws ControlException what the peer is told instead; answers sent before stand
     * @throws IOException the peer is gone
     * @throws InterruptedException the manager shuts down
     */
    void request(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException;
}
