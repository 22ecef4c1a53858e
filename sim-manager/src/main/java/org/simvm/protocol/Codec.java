// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.simvm.json.RecordJson;

/** The records of this package as lines of JSON, and back; see {@link RecordJson}. */
public final class Codec {
    static final JsonMapper JSON = RecordJson.MAPPER;

    private Codec() {}

    /** Returns a record, or a map of such values, as one line of JSON. */
    public static String write(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no value of the protocol: " + value, e);
        }
    }

    private static ObjectNode tree(Record value) {
        return JSON.valueToTree(value);
    }

    /**
     * Reads a record.
     *
     * @throws ProtocolException the line is none
     */
    public static <A extends Record> A read(String line, Class<A> type) throws ProtocolException {
        try {
            return JSON.readValue(line, type);
        } catch (JsonProcessingException e) {
            throw new ProtocolException(e.getOriginalMessage(), e);
        }
    }

    /** Returns a request as a line of JSON. */
    public static <Q extends Record> String request(Verb<Q, ?> verb, Q arguments) {
        ObjectNode json = JSON.createObjectNode().put("verb", verb.name());
        return json.setAll(tree(arguments)).toString();
    }

    /**
     * Reads a line that the manager sends.
     *
     * @throws ProtocolException it is neither such an answer nor the end
     */
    public static <A extends Record> Reply<A> reply(String line, Class<A> type)
            throws ProtocolException {
        try {
            JsonNode json = JSON.readTree(line);
            return json.path("done").asBoolean()
                    ? new Reply.End<>(JSON.treeToValue(json, Done.class).error())
                    : new Reply.Answer<>(JSON.treeToValue(json, type));
        } catch (JsonProcessingException e) {
            throw new ProtocolException(e.getOriginalMessage(), e);
        }
    }
}
