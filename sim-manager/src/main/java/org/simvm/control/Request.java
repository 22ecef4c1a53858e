// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.simvm.protocol.Access;

/**
 * One question of the CLI.
 *
 * @param verb what is asked for
 * @param arguments the whole JSON object, {@code verb} included
 * @param peer who asks
 */
public record Request(String verb, ObjectNode arguments, Peer peer) {
    /**
     * Returns an argument that must be there.
     *
     * @throws ControlException it isn't, or is no text
     */
    public String text(String argument) throws ControlException {
        if (!arguments.path(argument).isTextual()) {
            throw new ControlException("'" + verb + "' needs the argument '" + argument + "'");
        }
        return arguments.get(argument).textValue();
    }

    /**
     * Makes sure that the peer may do this.
     *
     * @throws ControlException it may not
     */
    public void demand(Access needed) throws ControlException {
        if (peer.readOnly() && !peer.may(needed)) {
            throw new ControlException("'" + verb
                    + "' is refused on the read-only socket; use the full one: sudo, or join "
                    + "the control group"
                    + " (control.group in sim-manager.conf)");
        }
        if (!peer.may(needed)) {
            throw new ControlException(
                    needed == Access.ROOT
                            ? "only root may do this; use sudo"
                            : "user " + peer.user()
                                    + " may look but not change anything; use sudo or join "
                                    + "the control group"
                                    + " (control.group in sim-manager.conf)");
        }
    }
}
