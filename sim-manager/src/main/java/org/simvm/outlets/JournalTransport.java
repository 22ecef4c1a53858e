// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Writes notices to the journal: {@code MESSAGE}, {@code PRIORITY},
 * {@code SYSLOG_IDENTIFIER=sim-manager}, {@code SIM_KIND}, {@code SIM_DOMAIN}, {@code SIM_UUID},
 * every plain value of the details as in {@code SIM_GUEST_CONTROLLED}, and all of them as JSON in
 * {@code SIM_DATA}.
 */
final class JournalTransport implements Transport {
    private final Path path;
    private JournalSocket socket;

    JournalTransport(Path path) {
        this.path = path;
    }

    @Override
    public String receiver() {
        return "journald at " + path;
    }

    @Override
    public Delivery deliver(List<Spool.Entry> entries) throws IOException {
        if (socket == null) {
            socket = new JournalSocket(path);
        }
        int taken = 0;
        int refused = 0;
        for (Spool.Entry entry : entries) {
            Optional<ShownNotice> notice = ShownNotice.of(entry.line());
            if (notice.isEmpty()) {
                refused++;
            } else {
                try {
                    socket.send(encode(notice.get()));
                } catch (IOException e) {
                    if (taken > 0) {
                        return new Delivery(taken, refused);
                    }
                    throw e;
                }
            }
            taken++;
        }
        return new Delivery(taken, refused);
    }

    static byte[] encode(ShownNotice notice) {
        ByteArrayOutputStream entry = new ByteArrayOutputStream();
        field(entry, "MESSAGE", notice.text());
        field(entry, "PRIORITY", Integer.toString(notice.severity()));
        field(entry, "SYSLOG_IDENTIFIER", "sim-manager");
        field(entry, "SIM_TIME", notice.time().toString());
        for (Map.Entry<String, String> each : notice.fields().entrySet()) {
            field(
                    entry,
                    "SIM_"
                            + each.getKey()
                                    .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_")
                                    .toUpperCase(Locale.ROOT),
                    each.getValue());
        }
        field(entry, "SIM_DATA", notice.data());
        return entry.toByteArray();
    }

    /**
     * Values with line ends are sent with their length in front; so nobody can write fields of his
     * own into one.
     */
    private static void field(ByteArrayOutputStream entry, String name, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        entry.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        if (value.indexOf('\n') < 0) {
            entry.write('=');
        } else {
            entry.write('\n');
            entry.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(bytes.length)
                    .array());
        }
        entry.writeBytes(bytes);
        entry.write('\n');
    }

    @Override
    public void close() {
        if (socket != null) {
            socket.close();
        }
    }
}
