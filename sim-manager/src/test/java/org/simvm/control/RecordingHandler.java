// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.simvm.protocol.Access;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verb;

/** Answers some verbs of its own, and remembers what the hook said. */
final class RecordingHandler implements ControlHandler {
    static final Verb<Count, Counted> COUNT =
            new Verb<>("count", Access.READ, false, Count.class, Counted.class);
    static final Verb<Text, Text> ECHO =
            new Verb<>("echo", Access.READ, false, Text.class, Text.class);
    static final Verb<NoArguments, Counted> WAIT = verb("wait");
    static final Verb<NoArguments, Counted> ROOT = verb("root");
    static final Verb<NoArguments, Counted> BUG = verb("bug");

    /** What {@code count} counts to. */
    record Count(int to) {}

    /** What it says on its way. */
    record Counted(int number) {}

    /** What {@code echo} repeats. */
    record Text(String text) {}

    final List<HookCall> calls = new ArrayList<>();
    final CountDownLatch hungUp = new CountDownLatch(1);
    final CountDownLatch waiting = new CountDownLatch(1);
    volatile HookAnswer hookAnswer = HookAnswer.OK;
    volatile Peer peer;

    static Verb<NoArguments, Counted> verb(String name) {
        return new Verb<>(name, Access.READ, false, NoArguments.class, Counted.class);
    }

    @Override
    public synchronized HookAnswer hook(HookCall call) {
        calls.add(call);
        if (call.name().equals("throw")) {
            throw new IllegalStateException("broken");
        }
        return hookAnswer;
    }

    @Override
    public void request(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        peer = request.peer();
        switch (request.verb()) {
            case "count" -> {
                for (int i = 0; i < request.arguments(COUNT).to(); i++) {
                    answers.send(new Counted(i));
                }
            }
            case "echo" -> answers.send(request.arguments(ECHO));
            case "wait" -> {
                answers.onHangUp(hungUp::countDown);
                waiting.countDown();
                hungUp.await();
            }
            case "root" -> request.demand(Access.ROOT);
            case "bug" -> throw new IllegalStateException("broken");
            default -> throw new ControlException("unknown verb\n'" + request.verb() + "'");
        }
    }
}
