// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The arguments of {@code events}.
 *
 * @param domain its name, id or UUID
 * @param follow whether to send events as they come, instead of the last ones
 * @param limit how many events to send at most; 20 if empty, no limit with {@code follow}
 * @param types names or numbers of the types to send; all if empty
 * @param output the form of a line; text if empty
 */
public record EventsRequest(
        String domain,
        boolean follow,
        OptionalLong limit,
        List<String> types,
        Optional<Form> output) {
    public EventsRequest {
        types = List.copyOf(types);
    }

    /** How an event is shown in a line. */
    public enum Form {
        /** For people. */
        TEXT,
        /** A JSON object, as in the event log. */
        JSON
    }
}
