// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * Something that whoever looks after this host may want to know.
 *
 * @param time when it was seen
 * @param kind what it is about
 * @param severity how urgent it is
 * @param domain whose it is; empty: the manager's own
 * @param text one line for people
 * @param data a JSON object with the details, for programs
 */
public record Notice(
        Instant time,
        Kind kind,
        Severity severity,
        Optional<Domain> domain,
        String text,
        String data) {
    private static final JsonFactory JSON = new JsonFactory();

    public Notice {
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(domain, "domain");
        text = text.replaceAll("[\\p{Cntrl}\u2028\u2029]+", " ");
        Objects.requireNonNull(data, "data");
    }

    /** Names a domain. */
    public record Domain(UUID uuid, String name) {}

    /** What a notice is about. */
    public enum Kind {
        /** A guest broke a rule. */
        VIOLATION,
        /** A check, or another part of the manager, found something. */
        FINDING,
        /** A domain's state under SIM changed. */
        STATE,
        /** Somebody changed something. */
        AUDIT,
        /** The manager itself: started, stopped, connected. */
        MANAGER,
        /** A monitor saw something. */
        EVENT,
        /** Notices that did not fit into the spool. Outlets make these. */
        LOST;

        /** Returns the word that settings and receivers know it by. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How urgent, in syslog's scale (RFC 5424, 6.2.1). */
    public enum Severity {
        CRITICAL(2),
        ERROR(3),
        WARNING(4),
        NOTICE(5),
        INFO(6);

        private final int number;

        Severity(int number) {
            this.number = number;
        }

        /** Returns syslog's number, 2..6. */
        public int number() {
            return number;
        }

        /** Returns the word that receivers know it by. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Shows it as one line of JSON without its end. */
    byte[] line(String host) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256 + data.length());
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeStringField("time", time.toString());
            json.writeStringField("host", host);
            json.writeStringField("kind", kind.word());
            json.writeStringField("severity", severity.word());
            if (domain.isPresent()) {
                json.writeStringField("domain", domain.get().name());
                json.writeStringField("uuid", domain.get().uuid().toString());
            }
            json.writeStringField("text", text);
            json.writeFieldName("data");
            json.writeRawValue(data);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
        return bytes.toByteArray();
    }
}
