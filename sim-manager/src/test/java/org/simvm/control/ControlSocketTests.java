// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.protocol.Access;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verb;

@DisplayName("The control socket")
@Timeout(30)
class ControlSocketTests {
    @TempDir
    Path folder;

    private Path socket;
    private ControlServer server;
    private final RecordingHandler recorder = new RecordingHandler();

    @BeforeEach
    void start() throws IOException {
        socket = folder.resolve("sim-manager.sock");
        server = ControlServer.start(socket, "root", recorder);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static int counted(Path socket, int to) throws ControlException {
        return new ControlClient(socket)
                .ask(RecordingHandler.COUNT, new RecordingHandler.Count(to))
                .size();
    }

    private static ControlException refused(Path socket, Verb<NoArguments, ?> verb) {
        return assertThrows(
                ControlException.class,
                () -> new ControlClient(socket).ask(verb, new NoArguments()));
    }

    /** Speaks plain bytes; returns all that comes back until the server hangs up. */
    private String talk(String... parts) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            for (String part : parts) {
                channel.write(ByteBuffer.wrap(part.getBytes(StandardCharsets.UTF_8)));
            }
            ByteBuffer answer = ByteBuffer.allocate(65536);
            while (channel.read(answer) >= 0) {
                assertTrue(answer.hasRemaining(), "answer is too long");
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }

    @Nested
    @DisplayName("asked by the CLI")
    class Requests {
        @Test
        @DisplayName("sends every answer, then says that it was all")
        void manyAnswers() throws ControlException {
            List<RecordingHandler.Number> answers = new ControlClient(socket)
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
            String answer = talk(bytes);
            assertTrue(
                    answer.startsWith("{\"done\":true,\"error\":\"")
                            && answer.indexOf('\n') == answer.length() - 1,
                    answer);
        }

        @Test
        @DisplayName("hangs up on an endless first line")
        void endlessLine() {
            try {
                assertEquals("", talk("x".repeat(100_000)));
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
            String answer = talk("hook start begin 1 1\nab");
            assertTrue(answer.startsWith("refuse first second [31mxxx"), answer);
            assertEquals(answer.length() - 1, answer.indexOf('\n'));
            assertTrue(answer.length() < 1020, "length " + answer.length());
        }

        @Test
        @DisplayName("refuses when the handler breaks: a required domain must not start then")
        void broken() throws IOException {
            assertTrue(talk("hook prepare begin 5 1\nthrowx")
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
            assertTrue(talk("hook prepare begin 3 99999999\n").startsWith("refuse "));
        }
    }

    @Nested
    @DisplayName("its file")
    class SocketFile {
        @Test
        @DisplayName("is for user and group alone")
        void mode() throws IOException {
            assertEquals(
                    "rw-rw----",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        }

        @Test
        @DisplayName("is for the user alone if the group does not exist")
        void noGroup() throws IOException {
            Path other = folder.resolve("other.sock");
            try (ControlServer started =
                    ControlServer.start(other, "no-such-group-here", recorder)) {
                assertEquals(
                        "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(other)));
            }
        }

        @Test
        @DisplayName("replaces one that a dead manager left, and goes away at the end")
        void stale() throws IOException, ControlException {
            Path other = folder.resolve("stale.sock");
            Files.writeString(other, "");
            try (ControlServer started = ControlServer.start(other, "root", recorder)) {
                assertEquals(1, counted(other, 1));
            }
            assertFalse(Files.exists(other));
            assertEquals(List.of("sim-manager.sock"), names());
        }

        private List<String> names() throws IOException {
            try (var files = Files.list(folder)) {
                return files.map(file -> file.getFileName().toString()).toList();
            }
        }
    }

    @Nested
    @DisplayName("for those who only look")
    class ReadOnly {
        private ControlServer readOnly;
        private Path other;

        @BeforeEach
        void open() throws IOException {
            other = folder.resolve("sim-manager-ro.sock");
            readOnly = ControlServer.startReadOnly(other, recorder);
        }

        @AfterEach
        void end() {
            readOnly.close();
        }

        @Test
        @DisplayName("is there for everybody, and answers")
        void looks() throws Exception {
            assertEquals(
                    "rw-rw-rw-",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(other)));
            assertEquals(1, counted(other, 1));
            assertEquals(
                    new Peer(System.getProperty("user.name"), Access.READ, true), recorder.peer);
        }

        @Test
        @DisplayName(
                "refuses whatever needs more in one line with the next step, root's questions too")
        void refuses() {
            ControlException error = refused(other, RecordingHandler.ROOT);
            assertEquals(
                    "'root' is refused on the read-only socket; use the full one: sudo, or "
                            + "join the control group"
                            + " (control.group in sim-manager.conf)",
                    error.getMessage());
        }

        @Test
        @DisplayName("refuses to speak with a hook")
        void hook() throws IOException {
            socket = other;
            assertTrue(talk("hook prepare begin 3 1\nwebx").startsWith("refuse only libvirt"));
            assertEquals(List.of(), recorder.calls);
        }

        @Test
        @DisplayName("leaves the other socket free, however many connect to it and say nothing")
        void flood() throws Exception {
            List<SocketChannel> silent = new ArrayList<>();
            try {
                for (int i = 0; i < ControlServer.MAX_READ_ONLY_CONNECTIONS + 10; i++) {
                    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                    silent.add(channel);
                    channel.connect(UnixDomainSocketAddress.of(other));
                }
                assertEquals(1, counted(socket, 1));
            } finally {
                for (SocketChannel channel : silent) {
                    channel.close();
                }
            }
        }
    }

    @Test
    @DisplayName("is made anew when somebody removes its file")
    void removed() throws Exception {
        Files.delete(socket);
        long deadline =
                System.nanoTime() + TimeUnit.SECONDS.toNanos(10 * ControlServer.LOOK_SECONDS);
        while (!Files.exists(socket) && System.nanoTime() < deadline) {
            Thread.sleep(50);
        }
        assertEquals(
                "rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        assertEquals(1, counted(socket, 1));
        assertEquals(Optional.empty(), server.healthProblem());
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
