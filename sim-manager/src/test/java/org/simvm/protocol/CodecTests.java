// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.simvm.domain.DomainState;

@DisplayName("The records of the control socket")
class CodecTests {
    private static final String WEB = "01234567-89ab-cdef-0123-456789abcdef";

    private static ProtocolException refused(String json, Class<? extends Record> type) {
        return assertThrows(
                ProtocolException.class, () -> WireRequest.parse(json).arguments(type));
    }

    @ParameterizedTest
    @MethodSource("org.simvm.protocol.SampleAnswers#all")
    @DisplayName("are written as they were read, field by field in the same order")
    void sample(SampleAnswers sample) throws ProtocolException {
        for (String line : sample.lines()) {
            Reply<? extends Record> reply = Codec.reply(line, sample.verb().answer());
            assertEquals(
                    line,
                    Codec.write(assertInstanceOf(Reply.Answer.class, reply).value()));
            assertEquals(line, Codec.write(Codec.read(line, sample.verb().answer())));
        }
    }

    @Nested
    @DisplayName("of a request")
    class Requests {
        @Test
        @DisplayName("follow the verb, and leave out what is empty")
        void written() {
            assertEquals(
                    "{\"verb\":\"status\",\"domain\":\"web\"}",
                    Codec.request(Verbs.STATUS, new DomainRequest("web")));
            assertEquals(
                    "{\"verb\":\"events\",\"domain\":\"web\",\"follow\":true,\"types\":[\"exec\"],"
                            + "\"output\":\"json\"}",
                    Codec.request(
                            Verbs.EVENTS,
                            new EventsRequest(
                                    "web",
                                    true,
                                    OptionalLong.empty(),
                                    List.of("exec"),
                                    Optional.of(EventsRequest.Form.JSON))));
            assertEquals("{\"verb\":\"list\"}", Codec.request(Verbs.LIST, new NoArguments()));
        }

        @Test
        @DisplayName("may leave out what has a default")
        void defaults() throws ProtocolException {
            WireRequest events = WireRequest.parse("{\"verb\":\"events\",\"domain\":\"web\"}");
            assertEquals(
                    new EventsRequest(
                            "web", false, OptionalLong.empty(), List.of(), Optional.empty()),
                    events.arguments(EventsRequest.class));
            assertEquals(
                    new CheckRequest("web", List.of()),
                    WireRequest.parse("{\"verb\":\"check\",\"domain\":\"web\",\"checks\":null}")
                            .arguments(CheckRequest.class));
            assertEquals(
                    new IncidentsRequest("web", OptionalInt.of(7)),
                    WireRequest.parse("{\"verb\":\"x\",\"domain\":\"web\",\"limit\":7,\"new\":1}")
                            .arguments(IncidentsRequest.class));
        }

        @Test
        @DisplayName("must have what has none, in one line that names it")
        void missing() {
            assertEquals(
                    "'apply' needs the argument 'element'",
                    refused("{\"verb\":\"apply\",\"domain\":\"web\"}", ApplyRequest.class)
                            .getMessage());
            assertEquals(
                    "'status' needs the argument 'domain'",
                    refused("{\"verb\":\"status\",\"domain\":null}", DomainRequest.class)
                            .getMessage());
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{\"verb\":\"audit\",\"limit\":[3]}  | limit  | [3]",
                    "{\"verb\":\"audit\",\"limit\":\"x\"}| limit  | \"x\"",
                })
        @DisplayName("must be what they are said to be")
        void wrong(String json, String argument, String value) {
            assertEquals(
                    "the argument '" + argument + "' of 'audit' can't be " + value,
                    refused(json, AuditRequest.class).getMessage());
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {"[]", "\"x\"", "{\"a\":1}", "{\"verb\":7}", "{\"ver", "``"})
        @DisplayName("are read from a JSON object with a verb alone")
        void nonsense(String text) {
            ProtocolException error =
                    assertThrows(ProtocolException.class, () -> WireRequest.parse(text));
            String message = String.valueOf(error.getMessage());
            assertTrue(
                    message.startsWith("a request is a JSON object with a 'verb'")
                            || message.startsWith("the request is not JSON: "),
                    message);
        }

        @Test
        @DisplayName("are kept in the audit trail as text, unless they are too long, or no names")
        void kept() throws ProtocolException {
            WireRequest request = WireRequest.parse("{\"verb\":\"apply\",\"domain\":\"web\","
                    + "\"live\":true,\"element\":\"<sim/>\",\"checks\":[\"a\"],"
                    + "\"fits\":\"" + "y".repeat(4096) + "\","
                    + "\"big\":\"" + "x".repeat(4097) + "\",\"a b\":1}");
            assertEquals(
                    Map.of(
                            "live",
                            "true",
                            "element",
                            "<sim/>",
                            "checks",
                            "[\"a\"]",
                            "fits",
                            "y".repeat(4096)),
                    request.kept());
            assertEquals(Optional.of("web"), request.domain());
            assertEquals("apply", request.verb());
            assertEquals(Optional.empty(), WireRequest.parse("{\"verb\":\"a\"}").domain());
        }
    }

    @Nested
    @DisplayName("of an answer")
    class Answers {
        @Test
        @DisplayName("end with one that says so, with the error if there was one")
        void end() throws ProtocolException {
            assertEquals("{\"done\":true}", Codec.write(new Done(Optional.empty())));
            assertEquals(
                    new Reply.End<WaitOutcome>(Optional.empty()),
                    Codec.reply("{\"done\":true}", WaitOutcome.class));
            assertEquals(
                    new Reply.End<WaitOutcome>(Optional.of("no")),
                    Codec.reply("{\"done\":true,\"error\":\"no\"}", WaitOutcome.class));
            assertEquals(
                    new Reply.Answer<>(new WaitOutcome(DomainState.ARMED)),
                    Codec.reply("{\"state\":\"armed\",\"later\":{}}", WaitOutcome.class));
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{\"until\":\"soon\"}",
                    "{\"until\":7.5e300}",
                    "{}",
                    "{\"until\":null}",
                    "[]",
                    "HTTP/1.1 400"
                })
        @DisplayName("are refused when they are none")
        void wrong(String line) {
            for (var read : List.<org.junit.jupiter.api.function.Executable>of(
                    () -> Codec.reply(line, SuspendedChecks.class),
                    () -> Codec.read(line, SuspendedChecks.class))) {
                ProtocolException error = assertThrows(ProtocolException.class, read);
                assertFalse(String.valueOf(error.getMessage()).isBlank());
            }
        }

        @Test
        @DisplayName("hold 64-bit values whole, as hexadecimal text")
        void address() throws ProtocolException {
            Address top = new Address(-1);
            assertEquals("0xffffffffffffffff", top.toString());
            assertEquals(top, Address.of("0xffffffffffffffff"));
            assertEquals("0x0", new Address(0).toString());
            for (String wrong : List.of("12", "0x", "0xg", "0x10000000000000000")) {
                assertThrows(IllegalArgumentException.class, () -> Address.of(wrong), wrong);
            }
            assertThrows(
                    ProtocolException.class,
                    () -> Codec.read(
                            "{\"subject\":\"s\",\"text\":\"t\",\"va\":\"17\"}",
                            RoundReport.Information.class));
        }

        @Test
        @DisplayName("can be no value that is no part of the protocol")
        void notOurs() {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Codec.write(new Object() {
                        @SuppressWarnings({"unused", "EffectivelyPrivate"}) // Jackson calls it
                        public String getBroken() {
                            throw new IllegalStateException();
                        }
                    }));
        }

        @Test
        @DisplayName("don't change after they were made")
        void copied() {
            List<String> lines = new java.util.ArrayList<>(List.of("a"));
            EventLines answer = new EventLines(lines);
            lines.add("b");
            assertEquals(List.of("a"), answer.lines());
            assertThrows(
                    UnsupportedOperationException.class, () -> answer.lines().add("c"));
        }
    }

    @Nested
    @DisplayName("know")
    class Derived {
        private DomainCounts counts(long nanos, OptionalLong calls, OptionalLong dropped) {
            return new DomainCounts(
                    "web",
                    UUID.fromString(WEB),
                    DomainState.ARMED,
                    Optional.empty(),
                    nanos,
                    calls,
                    OptionalLong.empty(),
                    dropped,
                    OptionalLong.empty(),
                    0,
                    0,
                    0,
                    false,
                    Optional.empty(),
                    java.util.OptionalDouble.empty(),
                    java.util.OptionalDouble.empty(),
                    java.util.OptionalDouble.empty());
        }

        @Test
        @DisplayName("rates since an earlier count, also of a counter that began again")
        void rates() {
            DomainCounts now = counts(3_000_000_000L, OptionalLong.of(30), OptionalLong.of(4))
                    .withRatesSince(
                            counts(1_000_000_000L, OptionalLong.of(10), OptionalLong.of(100)));
            assertEquals(10.0, now.callsPerSecond().orElseThrow());
            assertEquals(2.0, now.droppedPerSecond().orElseThrow());
            assertTrue(now.eventsPerSecond().isEmpty());
            assertEquals(OptionalLong.of(30), now.calls());
            DomainCounts first = counts(2, OptionalLong.of(7), OptionalLong.empty());
            assertTrue(first.withRatesSince(first).callsPerSecond().isEmpty());
            DomainCounts ringless = counts(0, OptionalLong.empty(), OptionalLong.empty());
            assertEquals(3.5e9, first.withRatesSince(ringless).callsPerSecond().orElseThrow());
            DomainCounts still = counts(1_000_000_002L, OptionalLong.of(7), OptionalLong.empty());
            assertEquals(0.0, still.withRatesSince(first).callsPerSecond().orElseThrow());
        }

        @Test
        @DisplayName("how many findings a round made")
        void findings() throws ProtocolException {
            SampleAnswers check = SampleAnswers.named("check");
            assertEquals(1, Codec.read(check.lines().get(0), RoundReport.class).findings());
        }

        @Test
        @DisplayName("either the mistakes of a configuration or what changed")
        void reload() {
            assertEquals("{\"problems\":[\"a\"]}", Codec.write(Reload.refused(List.of("a"))));
            assertEquals(
                    "{\"changed\":[],\"nextStart\":[\"k\"]}",
                    Codec.write(Reload.done(List.of(), List.of("k"))));
        }

        @Test
        @DisplayName("a domain's other problem, a layout that was asked for, no empty arguments")
        void changed() throws ProtocolException {
            DomainSummary plain = new DomainSummary(
                    "web",
                    UUID.fromString(WEB),
                    OptionalInt.of(3),
                    true,
                    DomainState.FAILED,
                    Optional.of("a"),
                    Optional.of(true),
                    Optional.empty());
            assertEquals(Optional.of("b"), plain.withProblem("b").problem());
            assertEquals(plain, plain.withProblem("b").withProblem("a"));
            DomainInfo info = Codec.read(Codec.write(plain), DomainInfo.class);
            LayoutView layout =
                    new LayoutView(new Address(1), new Address(2), 27, new Address(3), List.of());
            assertEquals(Optional.of(layout), info.with(layout).layout());
            assertEquals(plain, info.with(layout).domain());
            assertEquals(
                    Optional.empty(),
                    new AuditEntry(
                                    Instant.EPOCH,
                                    "u",
                                    "v",
                                    Optional.empty(),
                                    Optional.empty(),
                                    "done",
                                    Optional.of(Map.of()))
                            .arguments());
        }
    }
}
