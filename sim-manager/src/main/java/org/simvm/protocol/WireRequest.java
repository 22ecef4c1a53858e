// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A request as it came in: the verb is known, its arguments are not looked at yet. */
public final class WireRequest {
    private static final String VERB = "verb";
    private static final String DOMAIN = "domain";
    private static final int LONGEST_KEPT = 4096;

    private final ObjectNode json;

    private WireRequest(ObjectNode json) {
        this.json = json;
    }

    /**
     * Reads a request.
     *
     * @throws ProtocolException it is none
     */
    public static WireRequest parse(String text) throws ProtocolException {
        try {
            JsonNode json = Codec.JSON.readTree(text);
            if (!(json instanceof ObjectNode object) || !json.path(VERB).isTextual()) {
                throw new ProtocolException("a request is a JSON object with a 'verb'");
            }
            return new WireRequest(object);
        } catch (JsonProcessingException e) {
            throw new ProtocolException("the request is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns what is asked for. */
    public String verb() {
        return json.get(VERB).textValue();
    }

    /** Returns the domain that it is about, if it names one. */
    public Optional<String> domain() {
        return Optional.ofNullable(json.path(DOMAIN).textValue());
    }

    /**
     * Reads the arguments.
     *
     * @throws ProtocolException one is missing, or is not what it must be
     */
    public <Q extends Record> Q arguments(Class<Q> type) throws ProtocolException {
        try {
            return Codec.JSON.treeToValue(json, type);
        } catch (JsonMappingException e) {
            String argument = name(e.getPath());
            throw new ProtocolException(
                    json.hasNonNull(argument)
                            ? "the argument '" + argument + "' of '" + verb() + "' can't be "
                                    + json.get(argument)
                            : "'" + verb() + "' needs the argument '" + argument + "'",
                    e);
        } catch (JsonProcessingException e) {
            throw new ProtocolException(e.getOriginalMessage(), e);
        }
    }

    private static String name(List<JsonMappingException.Reference> path) {
        return path.isEmpty() || path.get(0).getFieldName() == null
                ? ""
                : path.get(0).getFieldName();
    }

    /**
     * Returns the arguments as text, for the audit trail: all but the domain, also those that the
     * verb does not know, unless they are too long to keep.
     */
    public Map<String, String> kept() {
        Map<String, String> kept = new LinkedHashMap<>();
        json.properties().forEach(each -> {
            String value = each.getValue().isTextual()
                    ? each.getValue().textValue()
                    : each.getValue().toString();
            if (!Set.of(VERB, DOMAIN).contains(each.getKey())
                    && each.getKey().matches("[a-zA-Z]{1,30}")
                    && value.length() <= LONGEST_KEPT) {
                kept.put(each.getKey(), value);
            }
        });
        return kept;
    }
}
