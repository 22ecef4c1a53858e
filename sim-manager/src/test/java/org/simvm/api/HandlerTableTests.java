// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.Peer;
import org.simvm.control.Request;
import org.simvm.protocol.Access;
import org.simvm.protocol.DomainRequest;
import org.simvm.protocol.ResumedChecks;
import org.simvm.protocol.Verb;
import org.simvm.protocol.Verbs;
import org.simvm.protocol.WireRequest;

@DisplayName("The table of handlers")
class HandlerTableTests {
    private final List<Record> sent = new ArrayList<>();
    private final Answers answers = new Answers() {
        @Override
        public void send(Record answer) {
            sent.add(answer);
        }

        @Override
        public void onHangUp(Runnable hungUp) {
            throw new AssertionError("nothing here waits");
        }
    };

    private static Request request(String json, Access access) throws Exception {
        return new Request(WireRequest.parse(json), new Peer("ann", access, false));
    }

    private static <Q extends Record, A extends Record> void ignore(
            HandlerTable table, Verb<Q, A> verb) {
        table.on(verb, (arguments, exchange) -> {});
    }

    private static HandlerTable resuming() {
        HandlerTable table = new HandlerTable();
        table.one(
                Verbs.RESUME_CHECKS,
                request -> new ResumedChecks(request.equals(new DomainRequest("web"))));
        return table;
    }

    @Test
    @DisplayName("is complete when each verb has a handler, and no sooner")
    void complete() {
        for (Verb<?, ?> left : Verbs.all()) {
            HandlerTable table = new HandlerTable();
            Verbs.all().stream()
                    .filter(verb -> !verb.equals(left))
                    .forEach(verb -> ignore(table, verb));
            assertEquals(
                    "no handler of " + left.name(),
                    assertThrows(IllegalStateException.class, table::complete).getMessage());
            ignore(table, left);
            table.complete();
            assertThrows(IllegalStateException.class, () -> ignore(table, left));
        }
    }

    @Test
    @DisplayName("lets nobody use a verb who has less access than its row says")
    void access() throws Exception {
        HandlerTable table = new HandlerTable();
        Verbs.all().forEach(verb -> ignore(table, verb));
        for (Verb<?, ?> verb : Verbs.all()) {
            String json = "{\"verb\":\"" + verb.name() + "\",\"domain\":\"d\",\"element\":\"e\"}";
            for (Access access : Access.values()) {
                Request request = request(json, access);
                if (access.compareTo(verb.access()) >= 0) {
                    table.answer(request, answers);
                } else {
                    assertThrows(
                            ControlException.class,
                            () -> table.answer(request, answers),
                            verb.name() + " by " + access);
                }
            }
        }
    }

    @Test
    @DisplayName("hands over the arguments and sends the answer")
    void answers() throws Exception {
        resuming()
                .answer(
                        request("{\"verb\":\"resume-checks\",\"domain\":\"web\"}", Access.CHANGE),
                        answers);
        assertEquals(List.of(new ResumedChecks(true)), sent);
    }

    @Test
    @DisplayName("says in one line that there is no such verb, or no such argument")
    void refuses() {
        ControlException unknown = assertThrows(
                ControlException.class,
                () -> resuming().answer(request("{\"verb\":\"fly\"}", Access.ROOT), answers));
        assertTrue(
                unknown.getMessage().startsWith("sim-manager does not know the verb 'fly'"),
                unknown.getMessage());
        ControlException missing = assertThrows(
                ControlException.class,
                () -> resuming()
                        .answer(request("{\"verb\":\"resume-checks\"}", Access.ROOT), answers));
        assertEquals("'resume-checks' needs the argument 'domain'", missing.getMessage());
        assertEquals(List.of(), sent);
    }

    @Test
    @DisplayName("audits what its rows say, which is every verb that changes something")
    void audits() {
        HandlerTable table = new HandlerTable();
        Verbs.all().forEach(verb -> ignore(table, verb));
        for (Verb<?, ?> verb : Verbs.all()) {
            assertEquals(verb.audited(), table.audits(verb.name()), verb.name());
            assertTrue(!verb.audited() || verb.access() != Access.READ, verb.name());
        }
        assertFalse(table.audits("fly"));
        assertEquals(Optional.of(Verbs.APPLY), Verbs.named("apply"));
    }
}
