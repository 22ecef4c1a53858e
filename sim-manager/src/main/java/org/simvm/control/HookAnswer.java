// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

/** What the hook is told: the domain may go on, or why not. */
public sealed interface HookAnswer {
    /** The domain may go on. */
    HookAnswer OK = new Ok();

    /** Returns the answer's first word, by which the hook decides. */
    String word();

    /** Returns what follows the word: what is wrong and the next step; empty if nothing is. */
    String reason();

    /** The domain may go on. */
    record Ok() implements HookAnswer {
        @Override
        public String word() {
            return "ok";
        }

        @Override
        public String reason() {
            return "";
        }
    }

    /**
     * The domain can't be under SIM, and does not go on if it requires that.
     *
     * @param reason what is wrong and the next step; shown to whoever started the domain. Cut to
     *     one line of 1000 bytes at most
     */
    record Refuse(String reason) implements HookAnswer {
        @Override
        public String word() {
            return "refuse";
        }
    }

    /**
     * What the domain asks of SIM can't be understood, its {@code required} perhaps included: it
     * does not go on.
     *
     * @param reason as for {@link Refuse}
     */
    record Forbid(String reason) implements HookAnswer {
        @Override
        public String word() {
            return "forbid";
        }
    }
}
