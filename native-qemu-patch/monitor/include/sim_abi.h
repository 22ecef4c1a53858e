/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the monitor in the guest, the region device in QEMU and the manager on
 * the host agree on: the layout of the region file, of the configuration that
 * the host writes for the monitor, and of the event ring.
 *
 * Everything is little-endian, naturally aligned and free of implicit padding
 * (every structure is checked by a static assertion below). The Java twins are
 * in org.simvm.region; a test there compares them with this header.
 */
#ifndef SIM_ABI_H
#define SIM_ABI_H

#ifdef __KERNEL__
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#define SIM_ABI_VERSION 2
/*
 * What a header of gate vmfunc says in `abi`: the fields that version 2 adds
 * are zeros then, so a device of version 1 reads it too.
 */
#define SIM_ABI_VMFUNC 1
#define SIM_PAGE_SIZE 4096

/*
 * ---------------------------------------------------------------------------
 * Region file
 *
 * Page 0 of the file is struct sim_region_header, written by the manager and
 * read by QEMU and the monitor's process; no view maps it. Every other page
 * belongs to exactly one segment, or to the call channel. QEMU reads the area once, when the device
 * is realized, and the segments each time a guest is armed, so the manager may place them anew for
 * every boot.
 * ---------------------------------------------------------------------------
 */
#define SIM_REGION_MAGIC "SIMREGN1"
#define SIM_MAX_SEGMENTS 64

/*
 * A view that shows a segment. SIM_VIEW_PROCESS: none does, only the monitor's
 * process on the host maps it.
 */
#define SIM_VIEW_NORMAL 1u
#define SIM_VIEW_SIM 2u
#define SIM_VIEW_PROCESS 3u

/*
 * How a hook gets to the monitor and back.
 *
 * vmfunc: VMFUNC switches to the SIM view. hypercall: VMCALL or VMMCALL does,
 * with the same registers. exit: there is no SIM view; a write to the I/O port
 * `doorbell_port` leaves the guest, and the monitor runs in a process on the
 * host, which QEMU reaches through the call channel. With gate exit sim_cr3 is 0,
 * the gate page alone is in the normal view, and every other segment is in
 * SIM_VIEW_PROCESS.
 */
#define SIM_GATE_VMFUNC 0u
#define SIM_GATE_HYPERCALL 1u
#define SIM_GATE_EXIT 2u

/* What a view lets the CPU do with a segment. */
#define SIM_ACCESS_READ 1u
#define SIM_ACCESS_WRITE 2u
#define SIM_ACCESS_EXECUTE 4u

struct sim_segment {
	uint64_t offset; /* in the region file, a multiple of the page size */
	uint64_t size;   /* in bytes, a multiple of the page size, not 0 */
	/*
	 * Guest-physical address; for SIM_VIEW_PROCESS the virtual address in the
	 * monitor's process. A multiple of the page size.
	 */
	uint64_t gpa;
	uint32_t view;   /* one SIM_VIEW_* */
	uint32_t access; /* SIM_ACCESS_* */
};

struct sim_region_header {
	uint8_t magic[8];       /* SIM_REGION_MAGIC */
	uint32_t abi;           /* SIM_ABI_VERSION or SIM_ABI_VMFUNC */
	uint32_t segment_count; /* 1 .. SIM_MAX_SEGMENTS */
	uint64_t file_size;     /* in bytes */
	/*
	 * The guest-physical range that belongs to SIM, 1 GiB aligned and above
	 * guest RAM. Whatever no segment shows there is reported as a probe
	 * when the normal view touches it. All segments of the two views lie inside.
	 */
	uint64_t area_base;
	uint64_t area_size;
	uint64_t sim_cr3;       /* root of the SIM page tables for this boot */
	uint32_t doorbell_port; /* I/O port the monitor writes to; with gate exit, the gate */
	uint32_t gate;          /* SIM_GATE_* */
	struct sim_segment segments[SIM_MAX_SEGMENTS];
	/*
	 * Offset in the file of struct sim_channel, a multiple of the page size; 0 unless `gate` is
	 * exit.
	 */
	uint64_t channel;
};

/*
 * ---------------------------------------------------------------------------
 * Configuration: one segment, r-- in the SIM view, written by the host only
 * ---------------------------------------------------------------------------
 */
#define SIM_CONFIG_VERSION 3
#define SIM_MAX_RAM_RANGES 8
#define SIM_MAX_HOOKS 32
#define SIM_HOOK_SLOTS 64
#define SIM_HOOK_SHIFT 58 /* 64 - log2(SIM_HOOK_SLOTS) */
#define SIM_MAX_STACKS 64
#define SIM_PIECE_SIZE 65536 /* limit of a structure's size, and of a field's offset */

/* How the guest kernel reaches the gate at a hook. */
#define SIM_HOOK_FENTRY 1u /* 5-byte NOP at the function's start now calls the gate */
/* One call instruction now calls a gate stub, which goes on to the old target. */
#define SIM_HOOK_CALL 2u

struct sim_ram_range {
	uint64_t gpa;
	uint64_t size;
};

struct sim_hook {
	uint64_t return_address; /* what the hook's call pushes: identifies the hook */
	uint64_t handler;        /* SIM virtual address of a sim_handler_t */
	uint32_t id;             /* as the monitor declared it; unique within that monitor */
	uint32_t monitor;        /* index of the monitor in the domain's settings */
	uint64_t reserved;
};

struct sim_config {
	uint32_t abi; /* SIM_CONFIG_VERSION */
	uint32_t stack_count;
	uint64_t stack_size;    /* bytes of each SIM stack, a multiple of the page size */
	uint64_t ring;          /* SIM virtual address of struct sim_ring */
	uint64_t ring_capacity; /* bytes of ring data, a power of two */
	uint64_t direct_map;    /* SIM virtual address of guest-physical 0 */
	uint64_t page_offset;   /* guest's own direct map (page_offset_base) when armed */
	uint32_t paging_levels; /* 4 or 5 */
	uint32_t doorbell_port; /* 0: none; the monitor's caller checks reader_sleeps (gate exit) */
	uint32_t ram_range_count; /* 1 .. SIM_MAX_RAM_RANGES */
	uint32_t hook_count;      /* 0 .. SIM_MAX_HOOKS */
	/* The largest first: it is looked at first. It is larger than SIM_PIECE_SIZE. */
	struct sim_ram_range ram[SIM_MAX_RAM_RANGES];
	/*
	 * The hook with return address a is hooks[a * hook_multiplier >> SIM_HOOK_SHIFT]: the host
	 * looks for a multiplier with which no two hooks meet. An entry without a hook holds a
	 * return address that belongs into another entry, so no call ever matches it.
	 */
	uint64_t hook_multiplier;
	uint64_t reserved[7];
	struct sim_hook hooks[SIM_HOOK_SLOTS];
};

/*
 * ---------------------------------------------------------------------------
 * A call, as the gate hands it to a handler (on the SIM stack)
 * ---------------------------------------------------------------------------
 */
struct sim_call {
	uint64_t guest_cr3;
	uint64_t guest_rsp;      /* in the gate, a few words below the hook's return address */
	uint64_t current_task;   /* what the guest says is its task; a claim, never trusted */
	uint64_t return_address; /* the hook's; checked against the hook table */
	uint64_t argument[6];    /* rdi, rsi, rdx, rcx, r8, r9 at the hook */
};

/*
 * ---------------------------------------------------------------------------
 * Call channel of gate exit: QEMU's vCPU threads ask, the monitor's process answers
 *
 * Slot i belongs to vCPU i. Its state goes round: QEMU fills in `call` and sets
 * 1 (release), adds 1 to `requests` and wakes one waiter there (a shared futex);
 * a thread of the process takes the slot by a compare-and-swap from 1 to 2, lets the
 * monitor run, writes verdict and flags, sets 3 (release) and wakes the waiter
 * on `state`; QEMU takes the verdict and sets 0.
 *
 * A process that begins to serve sets slots that are in state 2, its dead predecessor's, back to 1.
 * ---------------------------------------------------------------------------
 */
#define SIM_MAX_CALL_SLOTS 64

/* sim_call_slot.state */
#define SIM_CALL_IDLE 0u
#define SIM_CALL_REQUESTED 1u
#define SIM_CALL_RUNNING 2u
#define SIM_CALL_DONE 3u

/* sim_call_slot.flags */
#define SIM_CALL_RING 1u /* the ring's reader slept; it is QEMU's to wake it */

struct sim_call_slot {
	uint32_t state;   /* SIM_CALL_*; a futex */
	uint32_t verdict; /* lower half of what the handler returned */
	uint32_t flags;   /* SIM_CALL_RING */
	uint32_t reserved;
	struct sim_call call;
	uint8_t pad[32];
};

struct sim_channel {
	uint32_t requests;   /* calls made, modulo 2^32; a futex */
	uint32_t process;    /* process id of who serves, 0 if none does */
	uint32_t slot_count; /* 1 .. SIM_MAX_CALL_SLOTS; written by the manager */
	uint32_t reserved;
	uint8_t pad[112];
	struct sim_call_slot slots[SIM_MAX_CALL_SLOTS];
};

/*
 * ---------------------------------------------------------------------------
 * Event ring: many producers (one for each SIM stack), one consumer (the host)
 *
 * struct sim_ring fills the first page of the ring segment, the data follows.
 * head and tail count bytes and never wrap; a position modulo ring_capacity is
 * the offset in the data.
 *
 * A producer reserves by compare-and-swap on head, only if the record fits
 * between head and tail + ring_capacity; records never cross the end of the
 * data: a producer that would cross it reserves the rest too and fills it with
 * a SIM_EVENT_PAD record. It then writes everything but `size`, and `size` last, with
 * release ordering. The consumer stops at a record whose size is 0, and writes
 * zeros over what it has read before it advances tail (so bytes of an older
 * record, which the guest may have chosen, can never pass for a committed one).
 *
 * A record that does not fit is counted in dropped[type]; its sequence number
 * is used up all the same, so a gap in the sequence shows the loss.
 *
 * The last 8 bytes of the ring's page are the consumer's own: how far it has
 * read, noted before it writes zeros there, so that a manager that was killed
 * between the zeros and the new tail can be followed by another.
 * ---------------------------------------------------------------------------
 */
#define SIM_RING_TAKEN 4088
#define SIM_EVENT_PAD 0
#define SIM_EVENT_SYSCALL 1
#define SIM_EVENT_FORK 2
#define SIM_EVENT_EXEC 3
#define SIM_EVENT_EXIT 4
#define SIM_EVENT_MODULE 5
#define SIM_EVENT_MONITOR_FIRST 16 /* a third party's monitor numbers its events from here */
#define SIM_EVENT_TYPES 32

/*
 * Events of a task's life, without which no record of the guest's tasks is complete, have a share
 * of the ring that others can't take: those others fit only while the records, theirs included,
 * fill no more than SIM_RING_SHARE bytes.
 */
#define SIM_EVENT_IS_LIFE_CYCLE(type) ((type) >= SIM_EVENT_FORK && (type) <= SIM_EVENT_EXIT)
#define SIM_RING_SHARE(capacity) ((capacity) - (capacity) / 8)

struct sim_ring {
	uint64_t head;
	uint8_t pad0[56];
	uint64_t tail;
	uint8_t pad1[56];
	uint32_t reader_sleeps; /* host sets 1; the monitor exchanges it with 0 and rings */
	uint8_t pad2[60];
	uint64_t next_sequence; /* sequence number of the next event, dropped or not */
	uint8_t pad3[56];
	uint64_t dropped[SIM_EVENT_TYPES];
	uint64_t calls;         /* calls of the gate since it was armed */
	uint64_t unknown_calls; /* of these, with a return address in no hook table */
};

/* sim_event.flags */
#define SIM_EVENT_TRUNCATED 1u  /* a text was cut to its limit */
#define SIM_EVENT_UNREADABLE 2u /* guest memory that the event wanted could not be read */

/*
 * Who did it. Read from the guest's task_struct: guest data.
 */
struct sim_subject {
	uint64_t task; /* guest virtual address of the task_struct */
	int32_t pid;   /* thread id, in the initial pid namespace */
	int32_t tgid;  /* process id */
	int32_t ppid;  /* process id of real_parent */
	uint32_t uid;
	uint32_t euid;
	uint32_t gid;
	uint32_t egid;
	uint32_t reserved;
	uint8_t comm[16]; /* ends at the first NUL, or is full */
};

/*
 * A record's head. Payload by type follows, then texts:
 * each a uint16_t length and that many bytes, no NUL, no padding between;
 * the record's end is padded to 8 bytes.
 */
struct sim_event {
	uint32_t size; /* of the record with head and padding, a multiple of 8; 0: not committed */
	uint16_t type; /* SIM_EVENT_* */
	uint16_t flags;
	uint64_t sequence;
	uint64_t tsc;
	uint32_t monitor; /* index of the monitor in the domain's settings */
	uint32_t hook;    /* sim_hook.id */
	struct sim_subject subject;
};

/* Which door a system call came through. */
#define SIM_SYSCALL_64 0u
#define SIM_SYSCALL_32 1u
#define SIM_SYSCALL_X32 2u

/* Texts: 0 or more, in the order of the arguments they belong to. */
struct sim_event_syscall {
	struct sim_event event;
	uint32_t door;
	uint32_t number;      /* without the x32 bit */
	uint64_t argument[6]; /* zero-extended for the 32-bit door */
	uint32_t text_count;
	uint32_t text_arguments; /* bit i: argument i has texts; argv counts as many texts as fit */
};

/* subject is the parent; no texts */
struct sim_event_fork {
	struct sim_event event;
	struct sim_subject child;
	uint64_t reserved;
};

/* Texts: the path, then the arguments. */
struct sim_event_exec {
	struct sim_event event;
	uint32_t text_count;
	uint32_t argument_count; /* what the guest says argc is */
};

/* no texts */
struct sim_event_exit {
	struct sim_event event;
	uint32_t code; /* as in wait(2): status << 8 | signal */
	uint32_t reserved;
};

/* Texts: the module's name. */
struct sim_event_module {
	struct sim_event event;
	uint32_t text_count;
	uint32_t reserved;
};

_Static_assert(sizeof(struct sim_segment) == 32, "sim_segment");
_Static_assert(sizeof(struct sim_region_header) == 56 + 64 * 32 + 8, "sim_region_header");
_Static_assert(offsetof(struct sim_region_header, gate) == 52, "sim_region_header.gate");
_Static_assert(offsetof(struct sim_region_header, channel) == 2104, "sim_region_header.channel");
_Static_assert(sizeof(struct sim_config) == 64 + 8 * 16 + 64 + 64 * 32, "sim_config");
_Static_assert(offsetof(struct sim_config, hooks) == 256, "sim_config.hooks");
_Static_assert(sizeof(struct sim_call) == 80, "sim_call");
_Static_assert(sizeof(struct sim_call_slot) == 128, "sim_call_slot");
_Static_assert(offsetof(struct sim_channel, slots) == 128, "sim_channel.slots");
_Static_assert(sizeof(struct sim_channel) == 128 + 64 * 128, "sim_channel");
_Static_assert(sizeof(struct sim_ring) == 256 + 32 * 8 + 16, "sim_ring");
_Static_assert(sizeof(struct sim_subject) == 56, "sim_subject");
_Static_assert(sizeof(struct sim_event) == 88, "sim_event");
_Static_assert(sizeof(struct sim_event_syscall) == 88 + 64, "sim_event_syscall");
_Static_assert(sizeof(struct sim_event_fork) == 88 + 64, "sim_event_fork");
_Static_assert(sizeof(struct sim_event_exec) == 88 + 8, "sim_event_exec");
_Static_assert(sizeof(struct sim_event_exit) == 88 + 8, "sim_event_exit");
_Static_assert(sizeof(struct sim_event_module) == 88 + 8, "sim_event_module");

#endif
