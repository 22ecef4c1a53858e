// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.simvm.region.SimAbi;
import org.simvm.region.SimAbi.Payload;

/**
 * A system call is about to be carried out.
 *
 * @param door which way it came
 * @param number without the x32 bit
 * @param arguments six, zero-extended for the 32-bit door
 * @param texts paths and argument vectors, in the order of the arguments they belong to
 * @param textArguments bit i: argument i has texts
 */
public record SyscallEvent(
        EventHead head,
        Door door,
        long number,
        List<Long> arguments,
        List<GuestText> texts,
        int textArguments)
        implements Event {
    static final EventType<SyscallEvent> TYPE =
            new EventType<>(SimAbi.Event.SYSCALL, "syscall", SyscallEvent::decode);

    private static final int ARGUMENTS = 6;

    /** Which door a system call came through ({@code SIM_SYSCALL_*}, in this order). */
    public enum Door {
        /** 64-bit {@code syscall}. */
        SYSCALL_64("64"),
        /** {@code int 0x80}, {@code sysenter} and the 32-bit {@code syscall}. */
        SYSCALL_32("32"),
        /** 64-bit {@code syscall} with the x32 bit. */
        SYSCALL_X32("x32");

        private static final List<Door> BY_NUMBER = List.of(values());

        private final String label;

        Door(String label) {
            this.label = label;
        }

        private static Door of(int number) throws RecordException {
            if (number < 0 || number >= BY_NUMBER.size()) {
                throw new RecordException("door " + Integer.toUnsignedString(number));
            }
            return BY_NUMBER.get(number);
        }

        /** Returns the short name: {@code 64}, {@code 32} or {@code x32}. */
        public String label() {
            return label;
        }
    }

    public SyscallEvent {
        arguments = List.copyOf(arguments);
        texts = List.copyOf(texts);
    }

    private static SyscallEvent decode(EventHead head, EventRecord record) throws RecordException {
        record.require(Payload.SYSCALL_SIZE);
        List<Long> arguments = new ArrayList<>(ARGUMENTS);
        for (int i = 0; i < ARGUMENTS; i++) {
            arguments.add(record.getLong(Payload.SYSCALL_ARGUMENT + i * Long.BYTES));
        }
        return new SyscallEvent(
                head,
                Door.of(record.getInt(Payload.SYSCALL_DOOR)),
                record.getUnsignedInt(Payload.SYSCALL_NUMBER),
                arguments,
                record.texts(Payload.SYSCALL_SIZE, record.getInt(Payload.SYSCALL_TEXT_COUNT)),
                record.getInt(Payload.SYSCALL_TEXT_ARGUMENTS) & (1 << ARGUMENTS) - 1);
    }

    @Override
    public EventType<SyscallEvent> type() {
        return TYPE;
    }

    /**
     * Returns the system call's name, or {@code syscall_N} if no kernel known here has that number.
     */
    public String name() {
        return SyscallNames.name(door, number);
    }

    private boolean hasText(int argument) {
        return (textArguments >> argument & 1) != 0;
    }

    @Override
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("door", door.label());
        json.writeNumberField("number", number);
        json.writeStringField("name", name());
        json.writeArrayFieldStart("arguments");
        for (long argument : arguments) {
            json.writeString(hex(argument));
        }
        json.writeEndArray();
        if (textArguments != 0 || !texts.isEmpty()) {
            GuestText.writeJson("texts", texts, json);
            json.writeArrayFieldStart("textArguments");
            for (int i = 0; i < ARGUMENTS; i++) {
                if (hasText(i)) {
                    json.writeNumber(i);
                }
            }
            json.writeEndArray();
        }
    }

    /**
     * Returns the call with its arguments up to the last that isn't 0; those with texts as texts:
     * one each, and the last takes what is left (argv).
     */
    @Override
    public String describe(EventNames names) {
        int withText = Integer.bitCount(textArguments);
        boolean placed = texts.size() >= withText && withText > 0;
        StringBuilder call = new StringBuilder(name()).append('(');
        int last = ARGUMENTS - 1;
        while (last >= 0 && arguments.get(last) == 0 && (!placed || !hasText(last))) {
            last--;
        }
        int used = 0;
        for (int i = 0; i <= last; i++) {
            call.append(i == 0 ? "" : ", ");
            if (placed && hasText(i)) {
                boolean rest = Integer.bitCount(textArguments >> i) == 1;
                int take = rest ? texts.size() - used : 1;
                String shown = GuestText.quoted(texts.subList(used, used + take));
                call.append(take == 1 ? shown : "[" + shown + "]");
                used += take;
            } else {
                call.append(hex(arguments.get(i)));
            }
        }
        call.append(')');
        if (!placed && !texts.isEmpty()) {
            call.append(' ').append(GuestText.quoted(texts));
        }
        if (door != Door.SYSCALL_64) {
            call.append(" [").append(door.label()).append(']');
        }
        return call.toString();
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
