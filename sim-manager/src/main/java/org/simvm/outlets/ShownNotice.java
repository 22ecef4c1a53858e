// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A line of a spool, read again to be shown in the form of another protocol. */
final class ShownNotice {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LOWEST_SEVERITY = 6;

    private final ObjectNode json;

    private ShownNotice(ObjectNode json) {
        this.json = json;
    }

    /** Reads a line; empty if it is none of ours, as after a crash of the host. */
    static Optional<ShownNotice> of(byte[] line) {
        try {
            return JSON.readTree(line) instanceof ObjectNode object
                    ? Optional.of(new ShownNotice(object))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    String text() {
        return json.path("text").asText();
    }

    String kind() {
        return json.path("kind").asText("notice");
    }

    String host() {
        return json.path("host").asText("-");
    }

    Instant time() {
        try {
            return Instant.parse(json.path("time").asText());
        } catch (DateTimeParseException e) {
            return Instant.now();
        }
    }

    /** Returns syslog's number of the severity. */
    int severity() {
        for (Notice.Severity severity : Notice.Severity.values()) {
            if (severity.word().equals(json.path("severity").asText())) {
                return severity.number();
            }
        }
        return LOWEST_SEVERITY;
    }

    /** Returns the details as JSON. */
    String data() {
        return json.path("data").toString();
    }

    /**
     * Returns what can be looked for: sequence, kind, domain and UUID, and the plain values among
     * the details, by name as in {@code guestControlled}. Names are letters and digits that start
     * with a letter.
     */
    Map<String, String> fields() {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String name : new String[] {"sequence", "kind", "domain", "uuid"}) {
            if (json.path(name).isValueNode()) {
                fields.put(name, json.get(name).asText());
            }
        }
        for (Map.Entry<String, JsonNode> each : json.path("data").properties()) {
            if (each.getValue().isValueNode() && each.getKey().matches("[a-z][A-Za-z0-9]{0,30}")) {
                fields.putIfAbsent(each.getKey(), each.getValue().asText());
            }
        }
        return fields;
    }
}
