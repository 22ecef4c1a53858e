// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

/** What the hook is told: the domain may go on, or why not. */
public sealed interface HookAnswer {
    /** The domain may go on. */
    HookAnswer OK = new Ok();

    /** The domain may go on. */
    record Ok() implements HookAnswer {}

    /**
     * The domain should not go on.
     *
     * @param reason what is wrong and the next step; shown to whoever started the domain. Cut to
     *     one line of 1000 bytes at most
     */
    record Refuse(String reason) implements HookAnswer {}
}
