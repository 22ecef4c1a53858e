// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.control.Peers.counted;
import static org.simvm.control.Peers.refused;
import static org.simvm.control.Peers.talk;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.protocol.Access;
import org.simvm.protocol.NoArguments;

@DisplayName("The control socket")
class ControlSocketTests extends ControlSocketFixture {
    @Nested
    @DisplayName("asked by the CLI")
    class Requests {
        @Test
        @DisplayName("sends every answer, then says that it was all")
        void manyAnswers() throws ControlException {
            List<RecordingHandler.Counted> answers = new ControlClient(socket)
                    .ask(RecordingHandler.COUNT, new RecordingHandler.Count(1000));
            assertEquals(1000, answers.size());
            assertEquals(999, answers.get(999).number());
        }

        @Test
        @DisplayName("carries any text")
        void anyText() throws ControlException {
            String text =
                    "line\nbreak \u2028 \u00e4\u20ac\ud83d\ude00 \"quote\" " + "x".repeat(200_000);
            RecordingHandler.Text sent = new RecordingHandler.Text(text);
            assertEquals(sent, new ControlClient(socket).askOne(RecordingHandler.ECHO, sent));
        }

        @Test
        @DisplayName("tells the handler's error in one line")
        void handlersError() {
            ControlException error = refused(socket, RecordingHandler.verb("nothing"));
            assertEquals("unknown verb 'nothing'", error.getMessage());
        }

        @Test
        @DisplayName("survives a handler that breaks")
        void handlerBreaks() throws ControlException {
            ControlException error = refused(socket, RecordingHandler.BUG);
            assertTrue(error.getMessage().contains("see its log"), error.getMessage());
            assertEquals(1, counted(socket, 1));
        }

        @Test
        @DisplayName("names an argument that is missing")
        void missingArgument() {
            ControlException error = refused(socket, RecordingHandler.verb("echo"));
            assertEquals("'echo' needs the argument 'text'", error.getMessage());
        }

        @Test
        @DisplayName("notices that a waiting peer hung up")
        void hangUp() throws Exception {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                channel.write(ByteBuffer.wrap(
                        "request 15\n{\"verb\":\"wait\"}".getBytes(StandardCharsets.UTF_8)));
                assertTrue(recorder.waiting.await(10, TimeUnit.SECONDS));
                assertEquals(1, recorder.hungUp.getCount());
            }
            assertTrue(recorder.hungUp.await(10, TimeUnit.SECONDS));
        }

        @Test
        @DisplayName("knows from the kernel who asks")
        void peer() throws ControlException {
            new ControlClient(socket).ask(RecordingHandler.ROOT, new NoArguments());
            assertEquals(
                    new Peer(System.getProperty("user.name"), Access.ROOT, false), recorder.peer);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "request 5\n{\"ver",
                    "request 2\n[]",
                    "request 3\n\"x\"",
                    "request 8\n{\"a\":1} ",
                    "request 99999999\n",
                    "hello\n",
                    "GET / HTTP/1.1\r\n\r\n"
                })
        @DisplayName("answers nonsense with one line of error")
        void nonsense(String bytes) throws IOException {
            String answer = talk(socket, bytes);
            assertTrue(
                    answer.startsWith("{\"done\":true,\"error\":\"")
                            && answer.indexOf('\n') == answer.length() - 1,
                    answer);
        }

        @Test
        @DisplayName("hangs up on an endless first line")
        void endlessLine() {
            try {
                assertEquals("", talk(socket, "x".repeat(100_000)));
            } catch (IOException e) {
                assertFalse(e.getMessage().isEmpty()); // hung up while we were still writing
            }
        }
    }

    @Nested
    @DisplayName("asked by the hook")
    class Hooks {
        @Test
        @DisplayName("gets name and XML whole and answers ok")
        void ok() throws IOException {
            String xml = "<domain>\u20ac</domain>\n";
            assertEquals(
                    "ok\n",
                    talk(
                            socket,
                            "hook prepare begin 3 " + xml.getBytes(StandardCharsets.UTF_8).length
                                    + "\n",
                            "we",
                            "b" + xml));
            assertEquals(List.of(new HookCall("prepare", "begin", "web", xml)), recorder.calls);
        }

        @Test
        @DisplayName("refuses in one line, whatever the reason looks like")
        void refuse() throws IOException {
            recorder.hookAnswer =
                    new HookAnswer.Refuse("first\nsecond \u001b[31m" + "x".repeat(5000));
            String answer = talk(socket, "hook start begin 1 1\nab");
            assertTrue(answer.startsWith("refuse first second [31mxxx"), answer);
            assertEquals(answer.length() - 1, answer.indexOf('\n'));
            assertTrue(answer.length() < 1020, "length " + answer.length());
        }

        @Test
        @DisplayName("refuses when the handler breaks: a required domain must not start then")
        void broken() throws IOException {
            assertTrue(talk(socket, "hook prepare begin 5 1\nthrowx")
                    .startsWith("refuse sim-manager failed on it"));
        }

        @Test
        @DisplayName("doesn't act on half a question")
        void half() throws IOException {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                channel.write(ByteBuffer.wrap(
                        "hook prepare begin 3 100\nweb<dom".getBytes(StandardCharsets.UTF_8)));
                channel.shutdownOutput();
                assertEquals(-1, channel.read(ByteBuffer.allocate(10)));
            }
            assertEquals(List.of(), recorder.calls);
        }

        @Test
        @DisplayName("refuses what is too long to be libvirt's")
        void tooLong() throws IOException {
            assertTrue(talk(socket, "hook prepare begin 3 99999999\n").startsWith("refuse "));
        }
    }

    @Test
    @DisplayName("without a manager is a clear error with the next step")
    void noManager() {
        server.close();
        ControlException error = refused(socket, RecordingHandler.verb("count"));
        assertAll(
                () -> assertTrue(
                        error.getMessage().startsWith("sim-manager is not running"),
                        error.getMessage()),
                () -> assertTrue(
                        error.getMessage().contains("systemctl start sim-manager"),
                        error.getMessage()));
    }

    @Test
    @DisplayName("cuts off who still waits when it closes")
    void closing() throws Exception {
        Thread asker = new Thread(() -> refused(socket, RecordingHandler.WAIT));
        asker.start();
        assertTrue(recorder.waiting.await(10, TimeUnit.SECONDS));
        server.close();
        asker.join(10_000);
        assertFalse(asker.isAlive());
    }
}
