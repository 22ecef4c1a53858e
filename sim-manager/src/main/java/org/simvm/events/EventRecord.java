// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.simvm.region.SimAbi;

/**
 * The bytes of one record ({@code struct sim_event} and what extends it). Offsets count from the
 * record's start. Lengths and counts in it are believed only as far as the record reaches.
 */
public final class EventRecord {
    private final ByteBuffer bytes;

    /**
     * Wraps a record.
     *
     * @param bytes little-endian, from 0 to its limit, at least {@value SimAbi.Event#HEAD_SIZE}
     *     bytes with a backing array; not kept by what is decoded from it
     */
    EventRecord(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    int type() {
        return bytes.getShort(SimAbi.Event.TYPE_OFFSET) & 0xffff;
    }

    EventHead head(long receivedNanos) {
        int flags = bytes.getShort(SimAbi.Event.FLAGS_OFFSET);
        return new EventHead(
                receivedNanos,
                bytes.getLong(SimAbi.Event.SEQUENCE_OFFSET),
                bytes.getLong(SimAbi.Event.TSC_OFFSET),
                bytes.getInt(SimAbi.Event.MONITOR_OFFSET),
                bytes.getInt(SimAbi.Event.HOOK_OFFSET),
                (flags & SimAbi.Event.TRUNCATED) != 0,
                (flags & SimAbi.Event.UNREADABLE) != 0,
                subject(SimAbi.Event.SUBJECT_OFFSET));
    }

    /** Makes sure that the record has this many bytes; what lies within may be read then. */
    void require(int size) throws RecordException {
        if (bytes.limit() < size) {
            throw new RecordException("a record of only " + bytes.limit() + " bytes");
        }
    }

    int getInt(int at) {
        return bytes.getInt(at);
    }

    long getUnsignedInt(int at) {
        return bytes.getInt(at) & 0xffffffffL;
    }

    long getLong(int at) {
        return bytes.getLong(at);
    }

    /** Returns what follows the head, padding included. */
    GuestText payload() {
        return GuestText.of(
                bytes.array(),
                bytes.arrayOffset() + SimAbi.Event.HEAD_SIZE,
                bytes.limit() - SimAbi.Event.HEAD_SIZE);
    }

    Subject subject(int at) {
        int comm = bytes.arrayOffset() + at + SimAbi.Subject.COMM;
        int length = 0;
        while (length < SimAbi.Subject.COMM_SIZE && bytes.array()[comm + length] != 0) {
            length++;
        }
        return new Subject(
                getLong(at + SimAbi.Subject.TASK),
                getInt(at + SimAbi.Subject.PID),
                getInt(at + SimAbi.Subject.TGID),
                getInt(at + SimAbi.Subject.PPID),
                getUnsignedInt(at + SimAbi.Subject.UID),
                getUnsignedInt(at + SimAbi.Subject.EUID),
                getUnsignedInt(at + SimAbi.Subject.GID),
                getUnsignedInt(at + SimAbi.Subject.EGID),
                GuestText.of(bytes.array(), comm, length));
    }

    /** Reads texts, each two bytes of length and the bytes. */
    List<GuestText> texts(int from, int count) throws RecordException {
        // A text takes two bytes at least: a count beyond that is refused before memory is
        // allocated for it.
        if (count < 0 || count > (bytes.limit() - from) / 2) {
            throw new RecordException("a count of " + Integer.toUnsignedString(count) + " texts");
        }
        List<GuestText> texts = new ArrayList<>(count);
        int at = from;
        for (int i = 0; i < count; i++) {
            int length = at + 2 <= bytes.limit() ? bytes.getShort(at) & 0xffff : -1;
            if (length < 0 || length > bytes.limit() - at - 2) {
                throw new RecordException("text " + i + " reaches beyond the record");
            }
            texts.add(GuestText.of(bytes.array(), bytes.arrayOffset() + at + 2, length));
            at += 2 + length;
        }
        return texts;
    }
}
