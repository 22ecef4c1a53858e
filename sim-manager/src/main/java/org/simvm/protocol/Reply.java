// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.Optional;

/**
 * A line that the manager sends: an answer, or that it was the last one.
 *
 * @param <A> the record of an answer
 */
public sealed interface Reply<A extends Record> {
    /**
     * One answer.
     *
     * @param value what it says
     */
    record Answer<A extends Record>(A value) implements Reply<A> {}

    /**
     * There are no more answers.
     *
     * @param error why the request, or the rest of it, could not be answered: one line; empty if
     *     all is well
     */
    record End<A extends Record>(Optional<String> error) implements Reply<A> {}
}
