// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.util.List;

/** What a monitor saw. */
public sealed interface Event {
    /** Tells what every event has. */
    EventHead head();

    /** Gives the event's type number ({@code SIM_EVENT_*} of {@code sim_abi.h}). */
    int type();

    /** Which door a system call came through ({@code SIM_SYSCALL_*}). */
    enum Door {
        /** 64-bit {@code syscall}. */
        SYSCALL_64("64"),
        /** {@code int 0x80}, {@code sysenter} and the 32-bit {@code syscall}. */
        SYSCALL_32("32"),
        /** 64-bit {@code syscall} with the x32 bit. */
        SYSCALL_X32("x32");

        private final String label;

        Door(String label) {
            this.label = label;
        }

        /** Gives the short name: {@code 64}, {@code 32} or {@code x32}. */
        public String label() {
            return label;
        }
    }

    /**
     * A system call is about to be carried out.
     *
     * @param door which way it came
     * @param number without the x32 bit
     * @param arguments six, zero-extended for the 32-bit door
     * @param texts paths and argument vectors, in the order of the arguments they belong to
     * @param textArguments bit i: argument i has texts
     */
    record SyscallEvent(
            EventHead head,
            Door door,
            long number,
            List<Long> arguments,
            List<GuestText> texts,
            int textArguments)
            implements Event {
        public SyscallEvent {
            arguments = List.copyOf(arguments);
            texts = List.copyOf(texts);
        }

        @Override
        public int type() {
            return 1;
        }

        /**
         * Gives the system call's name, or {@code syscall_N} if no kernel known here has that
         * number.
         */
        public String name() {
            return SyscallNames.name(door, number);
        }
    }

    /**
     * A task was created; the subject is its parent.
     *
     * @param child the new task
     */
    record ForkEvent(EventHead head, Subject child) implements Event {
        @Override
        public int type() {
            return 2;
        }
    }

    /**
     * A program is executed.
     *
     * @param path the program
     * @param arguments as many of {@code argv} as fit
     * @param argumentCount what the guest says {@code argc} is, unsigned 32 bits
     */
    record ExecEvent(EventHead head, GuestText path, List<GuestText> arguments, long argumentCount)
            implements Event {
        public ExecEvent {
            arguments = List.copyOf(arguments);
        }

        @Override
        public int type() {
            return 3;
        }
    }

    /**
     * A task ends.
     *
     * @param code as in wait(2): status &lt;&lt; 8 | signal
     */
    record ExitEvent(EventHead head, int code) implements Event {
        @Override
        public int type() {
            return 4;
        }

        /** Gives the exit status, 0..255. */
        public int status() {
            return code >>> 8 & 0xff;
        }

        /** Gives the signal that ended it, 0 if none. */
        public int signal() {
            return code & 0x7f;
        }
    }

    /**
     * An event of a third party's monitor, or one whose payload is not as its type demands.
     *
     * @param type number of the type
     * @param payload what follows the head, padding included
     * @param fault null, or why a known type could not be decoded
     */
    record MonitorEvent(EventHead head, int type, GuestText payload, String fault)
            implements Event {}
}
