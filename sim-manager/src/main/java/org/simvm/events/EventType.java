// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.util.List;
import java.util.Optional;
import org.simvm.region.SimAbi;

/**
 * A type of event.
 *
 * @param number {@code SIM_EVENT_*} of {@code sim_abi.h}, below {@value SimAbi.Event#TYPES}
 * @param word what it is called in JSON, text and settings
 * @param decoder reads a record of this type
 */
public record EventType<E extends Event>(int number, String word, Decoder<E> decoder) {
    /**
     * The types that are known here; a new one is a class with a {@code TYPE} and a line here. A
     * class of its own, so that an event's class, which makes its type, needs none of the others.
     */
    private static final class Known {
        static final List<EventType<?>> TYPES = List.of(
                SyscallEvent.TYPE,
                ForkEvent.TYPE,
                ExecEvent.TYPE,
                ExitEvent.TYPE,
                ModuleEvent.TYPE);
    }

    private static final String NUMBERED = "event-";

    /** Reads what follows the head of a record. */
    @FunctionalInterface
    public interface Decoder<E extends Event> {
        /**
         * Decodes one event.
         *
         * @throws RecordException the record is not as its type demands
         */
        E decode(EventHead head, EventRecord record) throws RecordException;
    }

    /** Returns the types that are known here, in the order of their numbers. */
    public static List<EventType<?>> known() {
        return Known.TYPES;
    }

    /** Returns the type of a record; one that is not known here keeps its payload as it is. */
    static EventType<?> of(int number) {
        for (EventType<?> type : Known.TYPES) {
            if (type.number == number) {
                return type;
            }
        }
        return undecoded(number);
    }

    /** A type whose payload stays as it is. */
    static EventType<MonitorEvent> undecoded(int number) {
        return new EventType<>(
                number,
                NUMBERED + number,
                (head, record) -> new MonitorEvent(head, number, record.payload(), null));
    }

    /** Returns the type that a word or a number names; empty if there can be none. */
    public static Optional<EventType<?>> named(String name) {
        for (EventType<?> type : Known.TYPES) {
            if (type.word.equals(name)) {
                return Optional.of(type);
            }
        }
        String digits = name.startsWith(NUMBERED) ? name.substring(NUMBERED.length()) : name;
        return digits.matches("\\d{1,2}") && Integer.parseInt(digits) < SimAbi.Event.TYPES
                ? Optional.of(of(Integer.parseInt(digits)))
                : Optional.empty();
    }
}
