// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.simvm.state.LineLog;

/** Writes one domain's events as JSON lines to a log, which may be that of other domains too. */
public final class EventLog implements EventSink {
    private static final int BATCH_BYTES = 256 << 10;

    private final LineLog file;
    private final boolean owner;
    private final JsonLines lines;
    private final LineBuffer buffer = new LineBuffer();
    private final JsonGenerator json;
    private long buffered;
    private volatile long lost;

    /** @param owner whether the file is this domain's alone, and closed with this log */
    EventLog(LineLog file, boolean owner, EventNames names) {
        this.file = file;
        this.owner = owner;
        this.lines = new JsonLines(names);
        try {
            this.json = JsonLines.generator(buffer);
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer in memory doesn't fail", e);
        }
    }

    @Override
    public synchronized void accept(Event event) {
        try {
            lines.write(json, event);
            json.flush();
        } catch (IOException error) {
            throw new UncheckedIOException("a buffer in memory doesn't fail", error);
        }
        buffered++;
        if (buffer.size() >= BATCH_BYTES) {
            settle();
        }
    }

    /** Writes what is buffered to the log. */
    @Override
    public synchronized void settle() {
        if (buffered > 0 && !file.append(buffer.view(), buffered)) {
            lost += buffered;
        }
        buffer.reset();
        buffered = 0;
    }

    /** Counts the domain's events that could not be written. */
    public long lost() {
        return lost;
    }

    @Override
    public void close() {
        settle();
        if (owner) {
            file.close();
        }
    }

    /** Hands out its bytes without copying them. */
    private static final class LineBuffer extends ByteArrayOutputStream {
        ByteBuffer view() {
            return ByteBuffer.wrap(buf, 0, count);
        }
    }
}
