// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * Java twin of {@code sim_abi.h} and of the declaration part of {@code sim_monitor.h}; a test
 * compares every value with the headers.
 */
public final class SimAbi {
    public static final int VERSION = 2;
    /**
     * What a header of gate vmfunc says, {@code SIM_ABI_VMFUNC}; the oldest device there is reads
     * it.
     */
    public static final int VMFUNC_VERSION = 1;

    public static final int PAGE_SIZE = 4096;
    public static final int MAX_SEGMENTS = 64;
    public static final int MAX_RAM_RANGES = 8;
    public static final int MAX_HOOKS = 32;
    /** What {@code struct sim_config} says in {@code abi}. */
    public static final int CONFIG_VERSION = 3;

    static final int HOOK_SLOTS = 64;
    static final int HOOK_SHIFT = 58;
    public static final int MAX_STACKS = 64;
    /** Most bytes of a guest's structure that a monitor reads, and the highest offset in it. */
    public static final int PIECE_SIZE = 65536;
    /** First bytes of a region file, {@code SIM_REGION_MAGIC}. */
    static final String MAGIC = "SIMREGN1";

    /** {@code struct sim_segment}. */
    static final int SEGMENT_SIZE = 32;

    /** Offsets in {@code struct sim_region_header}. */
    static final class Header {
        static final int ABI = 8;
        static final int SEGMENT_COUNT = 12;
        static final int FILE_SIZE = 16;
        static final int AREA_BASE = 24;
        static final int AREA_SIZE = 32;
        static final int SIM_CR3 = 40;
        static final int DOORBELL_PORT = 48;
        static final int GATE = 52;
        static final int SEGMENTS = 56;
        static final int CHANNEL = SEGMENTS + MAX_SEGMENTS * SEGMENT_SIZE;
        static final int SIZE = CHANNEL + 8;
        static final int GATE_VMFUNC = 0;
        static final int GATE_HYPERCALL = 1;
        static final int GATE_EXIT = 2;

        private Header() {}
    }

    /** Offsets in {@code struct sim_config}. */
    static final class Config {
        static final int ABI = 0;
        static final int STACK_COUNT = 4;
        static final int STACK_SIZE = 8;
        static final int RING = 16;
        static final int RING_CAPACITY = 24;
        static final int DIRECT_MAP = 32;
        static final int PAGE_OFFSET = 40;
        static final int PAGING_LEVELS = 48;
        static final int DOORBELL_PORT = 52;
        static final int RAM_RANGE_COUNT = 56;
        static final int HOOK_COUNT = 60;
        static final int RAM = 64;
        static final int RAM_RANGE_SIZE = 16;
        static final int HOOK_MULTIPLIER = RAM + MAX_RAM_RANGES * RAM_RANGE_SIZE;
        static final int HOOKS = HOOK_MULTIPLIER + 64;
        static final int HOOK_SIZE = 32;
        static final int SIZE = HOOKS + HOOK_SLOTS * HOOK_SIZE;

        private Config() {}
    }

    /** Offsets in {@code struct sim_channel} and {@code struct sim_call_slot}. */
    static final class Channel {
        static final int REQUESTS = 0;
        static final int PROCESS = 4;
        static final int SLOT_COUNT = 8;
        static final int SLOTS = 128;
        static final int MAX_SLOTS = 64;
        static final int SLOT_SIZE = 128;
        static final int SIZE = SLOTS + MAX_SLOTS * SLOT_SIZE;
        static final int SLOT_STATE = 0;
        static final int SLOT_VERDICT = 4;
        static final int SLOT_FLAGS = 8;
        static final int SLOT_CALL = 16;

        private Channel() {}
    }

    /** Offsets in {@code struct sim_ring}. */
    static final class Ring {
        static final int HEAD = 0;
        static final int TAIL = 64;
        static final int READER_SLEEPS = 128;
        static final int NEXT_SEQUENCE = 192;
        static final int DROPPED = 256;
        static final int CALLS = DROPPED + Event.TYPES * 8;
        static final int UNKNOWN_CALLS = CALLS + 8;
        static final int SIZE = UNKNOWN_CALLS + 8;
        /** The host's own note in the ring's page, {@code SIM_RING_TAKEN}. */
        static final int TAKEN = 4088;

        private Ring() {}
    }

    /** {@code SIM_EVENT_*} and offsets in {@code struct sim_event} and in what extends it. */
    public static final class Event {
        public static final int PAD = 0;
        public static final int SYSCALL = 1;
        public static final int FORK = 2;
        public static final int EXEC = 3;
        public static final int EXIT = 4;
        public static final int MODULE = 5;
        public static final int MONITOR_FIRST = 16;
        public static final int TYPES = 32;
        public static final int TRUNCATED = 1;
        public static final int UNREADABLE = 2;

        public static final int SIZE_OFFSET = 0;
        public static final int TYPE_OFFSET = 4;
        public static final int FLAGS_OFFSET = 6;
        public static final int SEQUENCE_OFFSET = 8;
        public static final int TSC_OFFSET = 16;
        public static final int MONITOR_OFFSET = 24;
        public static final int HOOK_OFFSET = 28;
        public static final int SUBJECT_OFFSET = 32;
        /** Bytes of a record's head, {@code sizeof(struct sim_event)}; the payload follows. */
        public static final int HEAD_SIZE = 88;

        private Event() {}
    }

    /** Offsets in {@code struct sim_subject}. */
    public static final class Subject {
        public static final int TASK = 0;
        public static final int PID = 8;
        public static final int TGID = 12;
        public static final int PPID = 16;
        public static final int UID = 20;
        public static final int EUID = 24;
        public static final int GID = 28;
        public static final int EGID = 32;
        public static final int COMM = 40;
        public static final int COMM_SIZE = 16;
        public static final int SIZE = 56;

        private Subject() {}
    }

    /** Offsets of payloads, from the record's start, and sizes without texts. */
    public static final class Payload {
        public static final int SYSCALL_DOOR = 88;
        public static final int SYSCALL_NUMBER = 92;
        public static final int SYSCALL_ARGUMENT = 96;
        public static final int SYSCALL_TEXT_COUNT = 144;
        public static final int SYSCALL_TEXT_ARGUMENTS = 148;
        public static final int SYSCALL_SIZE = 152;
        public static final int FORK_CHILD = 88;
        public static final int FORK_SIZE = 152;
        public static final int EXEC_TEXT_COUNT = 88;
        public static final int EXEC_ARGUMENT_COUNT = 92;
        public static final int EXEC_SIZE = 96;
        public static final int EXIT_CODE = 88;
        public static final int EXIT_SIZE = 96;
        public static final int MODULE_TEXT_COUNT = 88;
        public static final int MODULE_SIZE = 96;

        private Payload() {}
    }

    /** Layout of the declaration sections of a monitor's ELF file ({@code sim_monitor.h}). */
    static final class Declaration {
        static final int NAME_SIZE = 64;
        static final int SLOT_NAME_SIZE = 192;
        static final int HOOK_HANDLER = 0;
        static final int HOOK_KIND = 8;
        static final int HOOK_ID = 12;
        static final int HOOK_GROUP = 16;
        static final int HOOK_FLAGS = 20;
        static final int HOOK_FUNCTION = 24;
        static final int HOOK_CALLER = HOOK_FUNCTION + NAME_SIZE;
        static final int HOOK_SIZE = HOOK_CALLER + NAME_SIZE;
        static final int HOOK_OPTIONAL = 1;
        static final int KIND_FENTRY = 1;
        static final int KIND_CALL = 2;
        static final int SLOT_ADDRESS = 0;
        static final int SLOT_NAME = 8;
        static final int SLOT_SIZE = SLOT_NAME + SLOT_NAME_SIZE;
        static final int PARAMETER_ADDRESS = 0;
        static final int PARAMETER_BYTES = 8;
        static final int PARAMETER_TYPE = 12;
        static final int PARAMETER_NAME = 16;
        static final int PARAMETER_SIZE = PARAMETER_NAME + NAME_SIZE;
        static final int FILTER_SET = 0;
        static final int FILTER_ENABLED = 8;
        static final int FILTER_SLOT = 16;
        static final int FILTER_HOOK = 24;
        static final int FILTER_FIRST = 28;
        static final int FILTER_COUNT = 32;
        static final int FILTER_IGNORED = 36;
        static final int FILTER_SIZE = 40;
        static final int FILTER_NUMBERS = 1024;

        private Declaration() {}
    }

    private SimAbi() {}
}
