// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import org.simvm.protocol.Access;
import org.simvm.protocol.ProtocolException;
import org.simvm.protocol.Verb;
import org.simvm.protocol.WireRequest;

/**
 * One request.
 *
 * @param wire what is asked for
 * @param peer who asks
 */
public record Request(WireRequest wire, Peer peer) {
    /** Returns what is asked for. */
    public String verb() {
        return wire.verb();
    }

    /**
     * Returns the arguments.
     *
     * @throws ControlException one is missing, or is not what it must be
     */
    public <Q extends Record> Q arguments(Verb<Q, ?> verb) throws ControlException {
        try {
            return wire.arguments(verb.request());
        } catch (ProtocolException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    /**
     * Makes sure that the peer may do this.
     *
     * @throws ControlException it may not
     */
    public void demand(Access needed) throws ControlException {
        if (peer.may(needed)) {
            return;
        }
        if (peer.readOnly()) {
            throw new ControlException("'" + verb()
                    + "' is refused on the read-only socket; use the full one: sudo, or join "
                    + "the control group"
                    + " (control.group in sim-manager.conf)");
        }
        throw new ControlException(
                needed == Access.ROOT
                        ? "only root may do this; use sudo"
                        : "user " + peer.user()
                                + " may look but not change anything; use sudo or join "
                                + "the control group"
                                + " (control.group in sim-manager.conf)");
    }
}
