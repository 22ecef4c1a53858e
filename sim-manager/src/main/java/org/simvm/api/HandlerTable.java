// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.Request;
import org.simvm.protocol.Verb;
import org.simvm.protocol.Verbs;

/** The handler of each verb. */
final class HandlerTable {
    private final Map<String, Row<?, ?>> rows = new HashMap<>();

    private record Row<Q extends Record, A extends Record>(Verb<Q, A> verb, Handler<Q, A> handler) {
        void answer(Request request, Answers answers)
                throws ControlException, IOException, InterruptedException {
            request.demand(verb.access());
            handler.handle(request.arguments(verb), new Exchange<>(request, answers));
        }
    }

    /** A handler of a verb that has one answer. */
    @FunctionalInterface
    interface Answering<Q extends Record, A extends Record> {
        A answer(Q arguments) throws ControlException, InterruptedException;
    }

    /** A handler of a verb that has any number of answers. */
    @FunctionalInterface
    interface Listing<Q extends Record, A extends Record> {
        List<A> answers(Q arguments) throws ControlException;
    }

    <Q extends Record, A extends Record> void on(Verb<Q, A> verb, Handler<Q, A> handler) {
        if (rows.putIfAbsent(verb.name(), new Row<>(verb, handler)) != null) {
            throw new IllegalStateException("two handlers of " + verb.name());
        }
    }

    <Q extends Record, A extends Record> void one(Verb<Q, A> verb, Answering<Q, A> handler) {
        on(verb, (arguments, exchange) -> exchange.send(handler.answer(arguments)));
    }

    <Q extends Record, A extends Record> void list(Verb<Q, A> verb, Listing<Q, A> handler) {
        on(verb, (arguments, exchange) -> {
            for (A answer : handler.answers(arguments)) {
                exchange.send(answer);
            }
        });
    }

    /**
     * Returns this table, once it is complete.
     *
     * @throws IllegalStateException a verb has no handler
     */
    HandlerTable complete() {
        String missing = Verbs.all().stream()
                .map(Verb::name)
                .filter(name -> !rows.containsKey(name))
                .collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            throw new IllegalStateException("no handler of " + missing);
        }
        return this;
    }

    /** Tells whether the use of a verb is kept in the audit trail. */
    boolean audits(String verb) {
        return rows.containsKey(verb) && rows.get(verb).verb().audited();
    }

    /**
     * Answers a request.
     *
     * @throws ControlException there is no such verb, the peer may not use it, an argument is
     *     wrong, or it can't be answered
     */
    void answer(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        Row<?, ?> row = rows.get(request.verb());
        if (row == null) {
            throw new ControlException("sim-manager does not know the verb '" + request.verb()
                    + "'; is virt-sim newer than the daemon that runs? (systemctl "
                    + "restart sim-manager)");
        }
        row.answer(request, answers);
    }
}
