// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simvm.protocol.Access;
import org.simvm.protocol.Codec;
import org.simvm.protocol.Done;
import org.simvm.protocol.ProtocolException;
import org.simvm.protocol.WireRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection: reads the question, has it answered, and ends. */
final class Connection implements Answers {
    private static final int MAX_FIRST_LINE = 512;
    private static final int MAX_NAME = 4096;
    private static final int MAX_XML = 8 << 20;
    private static final int MAX_REQUEST = 8 << 20;
    private static final int MAX_REASON = 1000;
    private static final Pattern HOOK =
            Pattern.compile("hook ([a-z-]{1,32}) ([a-z-]{1,32}) (\\d{1,8}) (\\d{1,8})");
    private static final Pattern REQUEST = Pattern.compile("request (\\d{1,8})");
    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    private final SocketChannel channel;
    private final ControlHandler handler;
    private final PeerCredentials credentials;
    private final ScheduledExecutorService timeouts;
    private final WireReader reader;
    private volatile Thread worker;

    Connection(
            SocketChannel channel,
            ControlHandler handler,
            PeerCredentials credentials,
            ScheduledExecutorService timeouts) {
        this.channel = channel;
        this.handler = handler;
        this.credentials = credentials;
        this.timeouts = timeouts;
        this.reader = new WireReader(channel);
    }

    void run() {
        worker = Thread.currentThread();
        ScheduledFuture<?> cut =
                timeouts.schedule(this::cutOff, ControlServer.TIMEOUT_SECONDS, TimeUnit.SECONDS);
        try (channel) {
            String line = reader.line(MAX_FIRST_LINE);
            if (line == null) {
                return;
            }
            Matcher hook = HOOK.matcher(line);
            Matcher request = REQUEST.matcher(line);
            if (hook.matches()) {
                answerHook(hook, cut);
            } else if (request.matches()) {
                answerRequest(request, cut);
            } else {
                end("this socket speaks 'hook' and 'request' (docs/interfaces.md, section 5)");
            }
        } catch (ClosedChannelException e) {
            log.debug("connection cut off");
        } catch (IOException e) {
            log.debug("connection ended: {}", e.getMessage());
        } catch (InterruptedException e) {
            log.debug("connection ended by shutdown");
        } finally {
            cut.cancel(false);
        }
    }

    private void answerHook(Matcher head, ScheduledFuture<?> cut) throws IOException {
        if (credentials.of(channel).access() != Access.ROOT) {
            write("refuse only libvirt, which runs as root, may speak as the hook\n");
            return;
        }
        int nameLength = Integer.parseInt(head.group(3));
        int xmlLength = Integer.parseInt(head.group(4));
        if (nameLength > MAX_NAME || xmlLength > MAX_XML) {
            write("refuse name or XML is longer than the manager takes\n");
            return;
        }
        HookCall call = new HookCall(
                head.group(1), head.group(2), reader.text(nameLength), reader.text(xmlLength));
        cut.cancel(false);
        HookAnswer answer;
        try {
            answer = handler.hook(call);
        } catch (RuntimeException e) {
            log.error("hook {} of domain {} failed", call.operation(), call.name(), e);
            answer = new HookAnswer.Refuse("sim-manager failed on it: " + e + "; see its log");
        }
        write((answer.word() + " " + oneLine(answer.reason())).strip() + "\n");
    }

    private void answerRequest(Matcher head, ScheduledFuture<?> cut)
            throws IOException, InterruptedException {
        int length = Integer.parseInt(head.group(1));
        if (length > MAX_REQUEST) {
            end("the request is longer than " + MAX_REQUEST + " bytes");
            return;
        }
        String text = reader.text(length);
        cut.cancel(false);
        try {
            handler.request(new Request(WireRequest.parse(text), credentials.of(channel)), this);
            send(new Done(Optional.empty()));
        } catch (ProtocolException | ControlException e) {
            end(e.getMessage());
        } catch (InterruptedException e) {
            end("sim-manager is shutting down");
        } catch (RuntimeException e) {
            log.error("a request failed", e);
            end("sim-manager failed on it: " + e + "; see its log");
        }
    }

    private void end(String error) throws IOException {
        send(new Done(Optional.of(oneLine(error))));
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("\\s*[\\p{Cntrl}\u2028\u2029]+\\s*", " ").strip();
        return line.length() <= MAX_REASON ? line : line.substring(0, MAX_REASON) + "...";
    }

    @Override
    public void send(Record answer) throws IOException {
        write(Codec.write(answer) + "\n");
    }

    @Override
    public void onHangUp(Runnable hungUp) {
        Thread thread = new Thread(
                () -> {
                    try {
                        reader.awaitEnd();
                    } catch (IOException e) {
                        log.debug("peer hung up: {}", e.toString());
                    }
                    hungUp.run();
                },
                "control-hangup");
        thread.setDaemon(true);
        thread.start();
    }

    private void write(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Ends the connection from another thread. */
    void cutOff() {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("cutting off: {}", e.toString());
        }
        Thread thread = worker;
        if (thread != null) {
            thread.interrupt();
        }
    }
}
