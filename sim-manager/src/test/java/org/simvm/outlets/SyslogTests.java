// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.settings.OutletSettings;

@DisplayName("Syslog")
@Timeout(60)
class SyslogTests {
    /**
     * RFC 5424, 6: header, structured data, and a message that says that it is UTF-8 or doesn't.
     */
    private static final Pattern MESSAGE = Pattern.compile(
            "<([0-9]{1,3})>1 ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\\.[0-9]{1,6})?"
                    + "(?:Z|[+-][0-9]{2}:[0-9]{2})) ([!-~]{1,255}) ([!-~]{1,48}) "
                    + "([!-~]{1,128}) ([!-~]{1,32}) "
                    + "\\[([!-~&&[^= \\]\"]]{1,32})((?: [!-~&&[^= "
                    + "\\]\"]]{1,32}=\"(?:[^\"\\\\\\]]|\\\\[\"\\\\\\]])*\")*)\\] (.*)",
            Pattern.DOTALL);

    @TempDir
    Path folder;

    private static Notice notice(String text, String data) {
        return new Notice(
                Instant.parse("2026-01-02T03:04:05.678Z"),
                Notice.Kind.VIOLATION,
                Notice.Severity.CRITICAL,
                Optional.of(new Notice.Domain(
                        UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"), "web")),
                text,
                data);
    }

    private OutletSettings settings(String scheme, int port) {
        return new OutletSettings(
                new OutletSettings.Journal(Set.of(), Path.of("/run/none")),
                Optional.of(new OutletSettings.Syslog(
                        Set.of("violation"), URI.create(scheme + "://127.0.0.1:" + port))),
                Optional.empty(),
                1 << 20);
    }

    private static Matcher parse(String message) {
        Matcher matcher = MESSAGE.matcher(message);
        assertTrue(matcher.matches(), message);
        return matcher;
    }

    @Test
    @DisplayName("over UDP is a datagram as RFC 5424 wants it, whatever a guest put into the text")
    void datagrams() throws Exception {
        try (DatagramSocket server = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                Outlets outlets = new Outlets(folder, "host name", 50)) {
            server.setSoTimeout(20_000);
            outlets.configure(settings("udp", server.getLocalPort()));
            outlets.accept(notice(
                    "näher \"quoted\" ] text",
                    "{\"kind\":\"probe\",\"failStop\":true,\"gpa\":\"0x1000\","
                            + "\"odd\":\"a\\\"b]c\\\\d\\ne\"}"));
            outlets.accept(notice(
                    "long " + "x".repeat(100_000), "{\"long\":\"" + "y".repeat(100_000) + "\"}"));
            Matcher first = parse(receive(server));
            assertEquals(10 * 8 + 2, Integer.parseInt(first.group(1)));
            assertEquals(
                    Instant.parse("2026-01-02T03:04:05.678Z"),
                    java.time.OffsetDateTime.parse(first.group(2)).toInstant());
            assertEquals(
                    List.of("host?name", "sim-manager", "VIOLATION", "sim@32473"),
                    List.of(first.group(3), first.group(4), first.group(6), first.group(7)));
            assertTrue(
                    first.group(8).contains(" domain=\"web\"")
                            && first.group(8).contains(" failStop=\"true\"")
                            && first.group(8).contains(" odd=\"a\\\"b\\]c\\\\d e\"")
                            && first.group(8).contains(" gpa=\"0x1000\""),
                    first.group(8));
            assertEquals("näher \"quoted\" ] text", first.group(9));
            String second = receive(server);
            parse(second);
            assertTrue(
                    second.length() <= 2048,
                    "receivers need not take more than 2048 bytes: " + second.length());
        }
    }

    private static String receive(DatagramSocket server) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[65536], 65536);
        server.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName(
            "over TCP has each message's length in front, and goes on when the server comes back")
    void stream() throws Exception {
        List<String> messages = new ArrayList<>();
        int port;
        try (Outlets outlets = new Outlets(folder, "host", 50)) {
            try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
                port = server.getLocalPort();
                outlets.configure(settings("tcp", port));
                for (int i = 0; i < 5; i++) {
                    outlets.accept(notice("größer " + i, "{\"number\":" + i + "}"));
                }
                try (Socket socket = server.accept()) {
                    DataInputStream in = new DataInputStream(socket.getInputStream());
                    for (int i = 0; i < 5; i++) {
                        messages.add(frame(in));
                    }
                }
            }
            // What is written to a connection that the server has just closed is lost: syslog has
            // no receipts.
            await("it is noticed that the server is gone")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> {
                        outlets.accept(notice("lost perhaps", "{}"));
                        return outlets.status().stream().anyMatch(OutletStatus::failing);
                    });
            try (ServerSocket server =
                    new ServerSocket(port, 5, InetAddress.getLoopbackAddress())) {
                outlets.accept(notice("größer 5", "{\"number\":5}"));
                server.setSoTimeout(30_000);
                try (Socket socket = server.accept()) {
                    DataInputStream in = new DataInputStream(socket.getInputStream());
                    String message = frame(in);
                    while (!message.contains("number=\"5\"")) {
                        message = frame(in);
                    }
                    messages.add(message);
                }
            }
        }
        for (int i = 0; i < 6; i++) {
            assertEquals("größer " + i, parse(messages.get(i)).group(9));
        }
    }

    private static String frame(InputStream in) throws IOException {
        StringBuilder length = new StringBuilder();
        for (int next = in.read(); next != ' '; next = in.read()) {
            assertTrue(
                    next >= '0' && next <= '9',
                    "a length was due, not byte " + next + " after " + length);
            length.append((char) next);
        }
        return new String(
                in.readNBytes(Integer.parseInt(length.toString())), StandardCharsets.UTF_8);
    }
}
