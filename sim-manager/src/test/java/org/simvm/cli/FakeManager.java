// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.ControlHandler;
import org.simvm.control.ControlServer;
import org.simvm.control.HookAnswer;
import org.simvm.control.HookCall;
import org.simvm.control.Request;
import org.simvm.protocol.Codec;
import org.simvm.protocol.ProtocolException;
import org.simvm.protocol.SampleAnswers;

/** Answers {@code virt-sim} with what a test wants, on a real socket. */
final class FakeManager implements ControlHandler, AutoCloseable {
    private final Path socket;
    private final ControlServer server;
    private final List<Request> asked = new ArrayList<>();
    private final Deque<List<? extends Record>> answers = new ArrayDeque<>();

    FakeManager(Path folder) throws IOException {
        this.socket = folder.resolve("sim-manager.sock");
        this.server = ControlServer.start(socket, "root", this);
    }

    /** Answers the next request, and all after the last of such, with these. */
    void answers(Record... next) {
        answers.add(List.of(next));
    }

    /** Answers with a sample. */
    void answers(SampleAnswers sample) throws ProtocolException {
        List<Record> records = new ArrayList<>();
        for (String line : sample.lines()) {
            records.add(Codec.read(line, sample.verb().answer()));
        }
        answers.add(records);
    }

    /** Runs a verb of {@code virt-sim} against this manager. */
    VirtSimRun run(String verb, String... rest) {
        List<String> arguments = new ArrayList<>(List.of(verb, "--socket", socket.toString()));
        arguments.addAll(List.of(rest));
        return VirtSimRun.of(arguments.toArray(String[]::new));
    }

    List<Request> asked() {
        return asked;
    }

    /** Returns an argument of the last request as text. */
    String argument(String name) {
        return asked.get(asked.size() - 1).wire().kept().get(name);
    }

    @Override
    public HookAnswer hook(HookCall call) {
        throw new AssertionError("virt-sim spoke as the hook");
    }

    @Override
    public void request(Request request, Answers to) throws ControlException, IOException {
        asked.add(request);
        if (answers.isEmpty()) {
            throw new ControlException("there is no domain 'x'\u001b[31m");
        }
        for (Record answer : answers.size() > 1 ? answers.remove() : answers.peek()) {
            to.send(answer);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
