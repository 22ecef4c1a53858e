// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.simvm.region.SimAbi;
import org.simvm.region.SimAbi.Payload;

/**
 * Turns a record of the ring ({@code struct sim_event} and what extends it) into an {@link Event}.
 *
 * <p>Lengths and counts in it are believed only as far as the record reaches. A record of a known
 * type whose payload is not as it should be becomes a {@link Event.MonitorEvent} that says so;
 * nothing is thrown away.
 */
public final class EventDecoder {
    private EventDecoder() {}

    /**
     * Decodes one record.
     *
     * @param record little-endian, from 0 to its limit, at least {@value SimAbi.Event#HEAD_SIZE}
     *     bytes with a backing array, as {@link org.simvm.region.RingReader} hands it over; not
     *     kept
     * @param receivedNanos host's realtime clock, nanoseconds since 1970
     */
    public static Event decode(ByteBuffer record, long receivedNanos) {
        int flags = record.getShort(SimAbi.Event.FLAGS_OFFSET);
        EventHead head = new EventHead(
                receivedNanos,
                record.getLong(SimAbi.Event.SEQUENCE_OFFSET),
                record.getLong(SimAbi.Event.TSC_OFFSET),
                record.getInt(SimAbi.Event.MONITOR_OFFSET),
                record.getInt(SimAbi.Event.HOOK_OFFSET),
                (flags & SimAbi.Event.TRUNCATED) != 0,
                (flags & SimAbi.Event.UNREADABLE) != 0,
                subject(record, SimAbi.Event.SUBJECT_OFFSET));
        int type = record.getShort(SimAbi.Event.TYPE_OFFSET) & 0xffff;
        try {
            return switch (type) {
                case SimAbi.Event.SYSCALL -> syscall(head, record);
                case SimAbi.Event.FORK -> fork(head, record);
                case SimAbi.Event.EXEC -> exec(head, record);
                case SimAbi.Event.EXIT -> exit(head, record);
                default -> other(head, record, type, null);
            };
        } catch (PayloadException error) {
            return other(head, record, type, error.getMessage());
        }
    }

    private static Event syscall(EventHead head, ByteBuffer record) throws PayloadException {
        require(record, Payload.SYSCALL_SIZE);
        int door = record.getInt(Payload.SYSCALL_DOOR);
        if (door < 0 || door >= Event.Door.values().length) {
            throw new PayloadException("door " + Integer.toUnsignedString(door));
        }
        List<Long> arguments = new ArrayList<>(6);
        for (int i = 0; i < 6; i++) {
            arguments.add(record.getLong(Payload.SYSCALL_ARGUMENT + i * 8));
        }
        return new Event.SyscallEvent(
                head,
                Event.Door.values()[door],
                record.getInt(Payload.SYSCALL_NUMBER) & 0xffffffffL,
                arguments,
                texts(record, Payload.SYSCALL_SIZE, record.getInt(Payload.SYSCALL_TEXT_COUNT)),
                record.getInt(Payload.SYSCALL_TEXT_ARGUMENTS) & 0x3f);
    }

    private static Event fork(EventHead head, ByteBuffer record) throws PayloadException {
        require(record, Payload.FORK_SIZE);
        return new Event.ForkEvent(head, subject(record, Payload.FORK_CHILD));
    }

    private static Event exec(EventHead head, ByteBuffer record) throws PayloadException {
        require(record, Payload.EXEC_SIZE);
        List<GuestText> texts =
                texts(record, Payload.EXEC_SIZE, record.getInt(Payload.EXEC_TEXT_COUNT));
        return new Event.ExecEvent(
                head,
                texts.isEmpty() ? GuestText.EMPTY : texts.get(0),
                texts.isEmpty() ? texts : texts.subList(1, texts.size()),
                record.getInt(Payload.EXEC_ARGUMENT_COUNT) & 0xffffffffL);
    }

    private static Event exit(EventHead head, ByteBuffer record) throws PayloadException {
        require(record, Payload.EXIT_SIZE);
        return new Event.ExitEvent(head, record.getInt(Payload.EXIT_CODE));
    }

    private static Event other(EventHead head, ByteBuffer record, int type, String fault) {
        return new Event.MonitorEvent(
                head,
                type,
                GuestText.of(
                        record.array(),
                        record.arrayOffset() + SimAbi.Event.HEAD_SIZE,
                        record.limit() - SimAbi.Event.HEAD_SIZE),
                fault);
    }

    private static Subject subject(ByteBuffer record, int at) {
        int comm = record.arrayOffset() + at + SimAbi.Subject.COMM;
        int length = 0;
        while (length < SimAbi.Subject.COMM_SIZE && record.array()[comm + length] != 0) {
            length++;
        }
        return new Subject(
                record.getLong(at + SimAbi.Subject.TASK),
                record.getInt(at + SimAbi.Subject.PID),
                record.getInt(at + SimAbi.Subject.TGID),
                record.getInt(at + SimAbi.Subject.PPID),
                record.getInt(at + SimAbi.Subject.UID) & 0xffffffffL,
                record.getInt(at + SimAbi.Subject.EUID) & 0xffffffffL,
                record.getInt(at + SimAbi.Subject.GID) & 0xffffffffL,
                record.getInt(at + SimAbi.Subject.EGID) & 0xffffffffL,
                GuestText.of(record.array(), comm, length));
    }

    private static List<GuestText> texts(ByteBuffer record, int from, int count)
            throws PayloadException {
        if (count == 0) {
            return List.of();
        }
        // Each text has two bytes of length at least, so a count beyond that is refused before
        // anything is
        // allocated for it.
        if (count < 0 || count > (record.limit() - from) / 2) {
            throw new PayloadException("a count of " + Integer.toUnsignedString(count) + " texts");
        }
        List<GuestText> texts = new ArrayList<>(count);
        int at = from;
        for (int i = 0; i < count; i++) {
            int length = at + 2 <= record.limit() ? record.getShort(at) & 0xffff : -1;
            if (length < 0 || length > record.limit() - at - 2) {
                throw new PayloadException("text " + i + " reaches beyond the record");
            }
            texts.add(GuestText.of(record.array(), record.arrayOffset() + at + 2, length));
            at += 2 + length;
        }
        return texts;
    }

    private static void require(ByteBuffer record, int size) throws PayloadException {
        if (record.limit() < size) {
            throw new PayloadException("a record of only " + record.limit() + " bytes");
        }
    }

    private static final class PayloadException extends Exception {
        private static final long serialVersionUID = 1L;

        PayloadException(String message) {
            super(message, null, false, false);
        }
    }
}
