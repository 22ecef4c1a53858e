/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one header a monitor is written against: declares what the monitor
 * wants from the host (hooks, slots, parameters) and what it may use while it
 * runs (guest memory, subjects, events).
 *
 * First part, "Declarations": the layout of the ELF sections that the manager
 * reads. Second part: the library that is linked into each monitor.
 *
 * A monitor runs in the SIM view with interrupts off, on a stack of 16 KiB, on
 * behalf of a guest that may be hostile. It may be running on several vCPUs at
 * once. It has no libc and uses no vector registers, and whatever it reads
 * from the guest may change between two reads.
 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include "sim_abi.h"

/*
 * ---------------------------------------------------------------------------
 * Declarations
 *
 * Each of the sections is an array of fixed-size entries, not allocated, and
 * needs no relocation: an address in it is a virtual address of the ELF file
 * (as in its symbol table). Names are NUL-terminated and NUL-padded.
 *
 * core.elf has .sim_slots too, and the symbol sim_dispatch.
 * ---------------------------------------------------------------------------
 */
#define SIM_NAME_SIZE 64
#define SIM_SLOT_NAME_SIZE 192

/* sim_hook_declaration.flags */
#define SIM_HOOK_OPTIONAL 1u /* a kernel that has not this site is no error */

/*
 * Section .sim_hooks.
 *
 * `id` is unique in the monitor and becomes sim_hook.id. Entries with the same
 * `group`, unless it is 0, are alternatives: the manager arms the first of them, in
 * the order of the section, whose site this kernel has. An entry of group 0 is
 * a group of its own. A group of which no site was found is an error, unless
 * every entry of it is SIM_HOOK_OPTIONAL.
 *
 * SIM_HOOK_FENTRY: the site is the 5-byte NOP at +0 or +4 of `function`.
 * SIM_HOOK_CALL: the site is the one `call rel32` to `function` within the
 * code of `caller`, from that symbol to the next. More than one such call, or
 * none, means that this kernel has not the site.
 */
struct sim_hook_declaration {
	uint64_t handler; /* address of a sim_handler_t */
	uint32_t kind;    /* SIM_HOOK_FENTRY or SIM_HOOK_CALL */
	uint32_t id;
	uint32_t group;
	uint32_t flags;
	uint8_t function[SIM_NAME_SIZE];
	uint8_t caller[SIM_NAME_SIZE]; /* empty for SIM_HOOK_FENTRY */
};

/*
 * Section .sim_slots: `address` is that of a uint64_t in read-only data, which
 * the manager fills in before the guest is armed.
 *
 * Names: config, monitor, offset:STRUCT.MEMBER[.MEMBER…], size:STRUCT,
 * symbol:NAME, as docs/interfaces.md has them. Alternatives are separated by
 * `|`: the first that this kernel has is taken; only the first alternative
 * carries the prefix ("offset:A.x|B.y"). A `?` before the colon ("symbol?:x",
 * "offset?:A.x", "size?:A") makes a slot optional: if missing, a symbol is 0, an
 * offset or a size is SIM_MISSING.
 */
#define SIM_MISSING UINT64_MAX

struct sim_slot_declaration {
	uint64_t address;
	uint8_t name[SIM_SLOT_NAME_SIZE];
};

/*
 * Section .sim_parameters: what the domain XML may set for this monitor. A
 * parameter that the XML does not set keeps what the ELF file holds at
 * `address` (in read-only data).
 *
 * SIM_PARAMETER_NUMBER: decimal or 0x-prefixed; written as a uint64_t; `size` is 8.
 * SIM_PARAMETER_BOOLEAN: `yes` or `no`; written as a uint64_t 1 or 0; `size` is 8.
 * SIM_PARAMETER_SET: `all`, `none`, or names separated by commas; written as a
 * bitmap of `size` bytes: bit n is bit n % 64 of the uint64_t n / 64. The names
 * are in the section .sim_names. A name that is not there is an error.
 */
#define SIM_PARAMETER_NUMBER 1u
#define SIM_PARAMETER_BOOLEAN 2u
#define SIM_PARAMETER_SET 3u

struct sim_parameter_declaration {
	uint64_t address;
	uint32_t size; /* bytes at `address`, a multiple of 8 */
	uint32_t type; /* SIM_PARAMETER_* */
	uint8_t name[SIM_NAME_SIZE];
};

/*
 * Section .sim_filters: which calls of a redirected hook its handler wants, so that the gate lets
 * the others go on without a change of the view. The call's number has 32 bits, of which those in
 * `ignored` are cleared first. A number below `count` calls the handler if bit `first` + number of
 * the set is 1; any other number calls it always.
 *
 * A filter is an optimisation: the handler must look at the number itself, since it is called
 * unfiltered if the set has all bits of the range, if `enabled` is a parameter with the value `no`,
 * or if the gate has no filter left (it has 6). The guest can read the gate's bitmap, but not write
 * it.
 */
#define SIM_FILTER_NUMBERS 1024 /* `count` at most */

struct sim_filter_declaration {
	uint64_t set;     /* address of the parameter, a SIM_PARAMETER_SET */
	uint64_t enabled; /* address of a SIM_PARAMETER_BOOLEAN, or 0 */
	/*
	 * Where the number is: 0: the call's second argument; else the address of a slot, and the
	 * number is in what the first argument points to, at the offset that the slot holds.
	 */
	uint64_t slot;
	uint32_t hook;    /* id of a SIM_HOOK_CALL */
	uint32_t first;   /* bit of number 0 in the set */
	uint32_t count;   /* 1 .. SIM_FILTER_NUMBERS */
	uint32_t ignored; /* bits of the number */
};

/*
 * Section .sim_names: text, for parameters of type SIM_PARAMETER_SET; lines of
 *
 *	parameter SP bit SP name LF
 *
 * with the bit in decimal. One name may stand on several lines, with a bit
 * each: all of them are set.
 */

_Static_assert(sizeof(struct sim_hook_declaration) == 24 + 2 * SIM_NAME_SIZE,
	       "sim_hook_declaration");
_Static_assert(sizeof(struct sim_slot_declaration) == 8 + SIM_SLOT_NAME_SIZE,
	       "sim_slot_declaration");
_Static_assert(sizeof(struct sim_parameter_declaration) == 16 + SIM_NAME_SIZE,
	       "sim_parameter_declaration");
_Static_assert(sizeof(struct sim_filter_declaration) == 40, "sim_filter_declaration");

/*
 * What follows puts the entries into their sections. Names and numbers are
 * literals, since the assembler sees them as they stand; a name that is too
 * long fails to assemble.
 */
#define SIM_STRING_(x) #x
#define SIM_STRING(x) SIM_STRING_(x)

#ifdef SIM_HOST_TEST /* the test program plays the manager and writes the slots itself */
#define SIM_VALUES_SECTION ".data.sim_values,\"aw\""
#else
#define SIM_VALUES_SECTION ".rodata.sim_values,\"a\""
#endif

#define SIM_HOOK_(handler, kind, id, group, flags, function, caller)                  \
	__asm__(".pushsection .sim_hooks,\"\",@progbits\n"                            \
		"771:	.quad " #handler "\n"                                         \
		"	.long " SIM_STRING(kind) ", " SIM_STRING(id) ", " SIM_STRING( \
			group) ", " SIM_STRING(flags) "\n"                            \
						      "	.asciz \"" function "\"\n"    \
						      "	.org 771b + 24 + 64\n"        \
						      "	.asciz \"" caller "\"\n"      \
						      "	.org 771b + 24 + 128\n"       \
						      "	.popsection\n")

/* Values of `kind` and `flags` for the assembler, without C's suffixes. */
#define SIM_REQUIRED 0
#define SIM_OPTIONAL 1

/*
 * Calls `handler` at the start of the guest function `function`, with its
 * arguments. `id`, `group`: see struct sim_hook_declaration. `need`:
 * SIM_REQUIRED or SIM_OPTIONAL. The verdict of such a hook has no effect.
 */
#define SIM_ON_ENTRY(handler, id, group, need, function) \
	SIM_HOOK_(handler, 1, id, group, need, function, "")

/*
 * Calls `handler` before the one call from `caller` to `function`, with the
 * arguments of that call.
 */
#define SIM_ON_CALL(handler, id, group, need, caller, function) \
	SIM_HOOK_(handler, 2, id, group, need, function, caller)

/* Marks a handler, which only the declarations refer to. */
#define SIM_HANDLER static __attribute__((used)) int64_t

/*
 * Defines the slot `variable`; `name` as for struct sim_slot_declaration. Until
 * the host fills it in it holds SIM_MISSING. SIM_SLOT_DECLARE alone makes a
 * slot of another file known.
 */
#define SIM_SLOT_DECLARE(variable) \
	extern const uint64_t variable __attribute__((visibility("hidden")))
#define SIM_SLOT(variable, name)                                  \
	SIM_SLOT_DECLARE(variable);                               \
	__asm__(".pushsection " SIM_VALUES_SECTION ",@progbits\n" \
		"	.balign 8\n"                                    \
		"	.globl " #variable "\n"                   \
		"	.hidden " #variable "\n" #variable ":\n"  \
		"	.quad -1\n"                                     \
		"	.popsection\n"                                  \
		"	.pushsection .sim_slots,\"\",@progbits\n"       \
		"771:	.quad " #variable "\n"                    \
		"	.asciz \"" name "\"\n"                    \
		"	.org 771b + 8 + 192\n"                          \
		"	.popsection\n")

#define SIM_PARAMETER_(variable, words, type, initial, name)                           \
	extern const uint64_t variable[words] __attribute__((visibility("hidden")));   \
	__asm__(".pushsection " SIM_VALUES_SECTION ",@progbits\n"                      \
		"	.balign 8\n"                                                         \
		"	.globl " #variable "\n"                                        \
		"	.hidden " #variable "\n" #variable ":\n"                       \
		"	.rept " SIM_STRING(                                            \
			words) "\n"                                                    \
			       "	.quad " #initial "\n"                          \
			       "	.endr\n"                                              \
			       "	.popsection\n"                                        \
			       "	.pushsection .sim_parameters,\"\",@progbits\n"        \
			       "771:	.quad " #variable "\n"                         \
			       "	.long 8 * " SIM_STRING(words) ", " SIM_STRING( \
				       type) "\n"                                      \
					     "	.asciz \"" name "\"\n"                 \
					     "	.org 771b + 16 + 64\n"                  \
					     "	.popsection\n")

/* Defines `const uint64_t variable[1]`, which the domain XML may set by `name`. */
#define SIM_NUMBER(variable, initial, name) SIM_PARAMETER_(variable, 1, 1, initial, name)
#define SIM_BOOLEAN(variable, initial, name) SIM_PARAMETER_(variable, 1, 2, initial, name)
/* Defines the bitmap `const uint64_t variable[words]`; `initial` is that of every word. */
#define SIM_SET(variable, words, initial, name) SIM_PARAMETER_(variable, words, 3, initial, name)

/*
 * Filters the calls of hook `id` by the set `variable`. SIM_FILTER_ARGUMENT: the number is the
 * second argument. SIM_FILTER_FIELD: it is in the structure behind the first, at the offset in
 * `slot`. `enabled`: a SIM_BOOLEAN, or 0.
 */
#define SIM_FILTER_(id, variable, enabled, slot, first, count, ignored)                \
	__asm__(".pushsection .sim_filters,\"\",@progbits\n"                           \
		"	.quad " #variable ", " #enabled ", " #slot "\n"                \
		"	.long " SIM_STRING(id) ", " SIM_STRING(first) ", " SIM_STRING( \
			count) ", " SIM_STRING(ignored) "\n"                           \
							"	.popsection\n")
#define SIM_FILTER_ARGUMENT(id, variable, enabled, first, count, ignored) \
	SIM_FILTER_(id, variable, enabled, 0, first, count, ignored)
#define SIM_FILTER_FIELD(id, variable, enabled, slot, first, count, ignored) \
	SIM_FILTER_(id, variable, enabled, slot, first, count, ignored)

_Static_assert(SIM_HOOK_FENTRY == 1 && SIM_HOOK_CALL == 2, "SIM_HOOK_*");
_Static_assert(SIM_HOOK_OPTIONAL == SIM_OPTIONAL, "SIM_OPTIONAL");
_Static_assert(SIM_PARAMETER_NUMBER == 1 && SIM_PARAMETER_BOOLEAN == 2 && SIM_PARAMETER_SET == 3,
	       "SIM_PARAMETER_*");
_Static_assert(SIM_NAME_SIZE == 64 && SIM_SLOT_NAME_SIZE == 192, "sizes of names");

/*
 * ---------------------------------------------------------------------------
 * Handlers
 * ---------------------------------------------------------------------------
 */

/*
 * What a hook calls. Returns the verdict: 0 allows; a negative errno makes a
 * redirected call of do_syscall_64 skip the system call (the monitor has then written
 * the errno to the guest's pt_regs.ax). For any other hook it has no effect.
 */
typedef int64_t sim_handler_t(const struct sim_call *call, const struct sim_hook *hook);

SIM_SLOT_DECLARE(sim_slot_config);

/* What the host has set up for this boot. */
static inline const struct sim_config *sim_config(void)
{
	return (const struct sim_config *)sim_slot_config;
}

/*
 * ---------------------------------------------------------------------------
 * Guest memory
 *
 * Reads what a guest-virtual address shows, by a walk of the guest's page
 * tables in software. Nothing here faults, whatever the address, the tables or the
 * root hold: what is not mapped, or not RAM, reads as "no". Pages of the
 * guest's own direct map are found without a walk.
 *
 * Two reads of the same bytes may differ: another vCPU writes. Read once,
 * check the copy, use the copy.
 * ---------------------------------------------------------------------------
 */
#define SIM_TRANSLATIONS 4

/* A page that was met in this call. */
struct sim_translation {
	uint64_t page;        /* guest-virtual, or SIM_MISSING */
	const uint8_t *bytes; /* the same page, in the SIM view */
};

struct sim_memory {
	uint64_t root; /* guest-physical address of the top page table, in bits 12-51 */
	struct sim_translation translations[SIM_TRANSLATIONS];
};

/* Makes `memory` show the address space of this CR3 value. Keep it for one call only. */
static inline void sim_memory_open(struct sim_memory *memory, uint64_t cr3)
{
	memory->root = cr3;
#pragma GCC unroll 4
	for (uint32_t i = 0; i < SIM_TRANSLATIONS; i++)
		memory->translations[i].page = SIM_MISSING;
}

/* Copies `size` bytes from the guest; false, and `to` all zeros, if any of them can't be read. */
_Bool sim_read(struct sim_memory *memory, uint64_t address, void *to, uint64_t size);

typedef uint64_t __attribute__((may_alias, aligned(1))) sim_unaligned_u64;
typedef uint32_t __attribute__((may_alias, aligned(1))) sim_unaligned_u32;

/*
 * One load, never repeated or split: another vCPU writes what is read. (As volatile, but with any
 * addressing mode.)
 */
static inline uint64_t sim_load_u64(const uint8_t *at)
{
	uint64_t value;

	__asm__ volatile("mov %1, %0" : "=r"(value) : "m"(*(const sim_unaligned_u64 *)at));
	return value;
}

static inline uint32_t sim_load_u32(const uint8_t *at)
{
	uint32_t value;

	__asm__ volatile("mov %1, %0" : "=r"(value) : "m"(*(const sim_unaligned_u32 *)at));
	return value;
}

struct sim_number {
	uint64_t value;
	_Bool readable;
};

/* Reads a number of `size` bytes, 4 or 8, wherever it lies. */
struct sim_number sim_number_at(struct sim_memory *memory, uint64_t address, uint64_t size);

/*
 * Where `size` bytes are shown in one piece, if they lie in a page met in this call; NULL
 * otherwise.
 */
static inline const uint8_t *sim_met(const struct sim_memory *memory, uint64_t address,
				     uint64_t size)
{
	uint64_t in_page = address & (SIM_PAGE_SIZE - 1);
	uint64_t slot = address / SIM_PAGE_SIZE % SIM_TRANSLATIONS;

	if (memory->translations[slot].page != address - in_page || in_page > SIM_PAGE_SIZE - size)
		return 0;
	return memory->translations[slot].bytes + in_page;
}

/*
 * Reads a little-endian number; false, and 0, if it can't be read. Most of what a monitor reads is
 * a word of a page that it has read from before: that is one load, here and at once.
 */
static inline _Bool sim_read_u64(struct sim_memory *memory, uint64_t address, uint64_t *value)
{
	const uint8_t *at = sim_met(memory, address, sizeof(*value));
	struct sim_number number;

	if (at) {
		*value = sim_load_u64(at);
		return 1;
	}
	number = sim_number_at(memory, address, sizeof(*value));
	*value = number.value;
	return number.readable;
}

static inline _Bool sim_read_u32(struct sim_memory *memory, uint64_t address, uint32_t *value)
{
	const uint8_t *at = sim_met(memory, address, sizeof(*value));
	struct sim_number number;

	if (at) {
		*value = sim_load_u32(at);
		return 1;
	}
	number = sim_number_at(memory, address, sizeof(*value));
	*value = (uint32_t)number.value;
	return number.readable;
}

/*
 * Memory of the guest's in one piece: numbers of up to eight bytes at the offsets below `room` from
 * `bytes` can be read.
 */
struct sim_room {
	const uint8_t *bytes;
	uint64_t room;
};

/*
 * A structure of the guest's of which several fields are wanted. In the guest's direct map the
 * piece reaches to the end of a range of RAM, elsewhere to the end of the page. A field beyond is
 * looked for on its own.
 */
struct sim_piece {
	uint64_t address; /* guest-virtual */
	struct sim_room shown;
};

/* What sim_piece_at does outside of the first range of RAM. */
struct sim_room sim_room_at(struct sim_memory *memory, uint64_t address);

static inline struct sim_piece sim_piece_at(struct sim_memory *memory, uint64_t address)
{
	const struct sim_config *config = sim_config();
	uint64_t gpa = address - config->page_offset;
	uint64_t offset = gpa - config->ram[0].gpa, size = config->ram[0].size - 7;

	if (offset >= size || address < config->page_offset)
		return (struct sim_piece){ address, sim_room_at(memory, address) };
	return (struct sim_piece){ address,
				   { (const uint8_t *)(config->direct_map + gpa), size - offset } };
}

/* Reads the little-endian number at `offset` of the piece; false, and 0, if it can't be read. */
static inline _Bool sim_piece_u64(struct sim_memory *memory, const struct sim_piece *piece,
				  uint64_t offset, uint64_t *value)
{
	if (__builtin_expect(offset >= piece->shown.room, 0)) {
		struct sim_number number =
			sim_number_at(memory, piece->address + offset, sizeof(*value));

		*value = number.value;
		return number.readable;
	}
	*value = sim_load_u64(piece->shown.bytes + offset);
	return 1;
}

static inline _Bool sim_piece_u32(struct sim_memory *memory, const struct sim_piece *piece,
				  uint64_t offset, uint32_t *value)
{
	if (__builtin_expect(offset >= piece->shown.room, 0)) {
		struct sim_number number =
			sim_number_at(memory, piece->address + offset, sizeof(*value));

		*value = (uint32_t)number.value;
		return number.readable;
	}
	*value = sim_load_u32(piece->shown.bytes + offset);
	return 1;
}

/*
 * Copies the bytes before the first NUL, at most `limit` of them, and returns how many.
 * Adds SIM_EVENT_TRUNCATED to `flags` if there was no NUL up to the limit, SIM_EVENT_UNREADABLE if
 * memory ended before (what came before is still copied). Behind what it returns, `to` may hold
 * anything up to `limit`.
 */
uint32_t sim_read_string(struct sim_memory *memory, uint64_t address, uint8_t *to, uint32_t limit,
			 uint16_t *flags);

/* The guest-physical address behind a pointer into the guest's direct map; false if it is none. */
_Bool sim_direct_map_address(uint64_t address, uint64_t *gpa);

/*
 * ---------------------------------------------------------------------------
 * Subjects
 * ---------------------------------------------------------------------------
 */

/*
 * Fills `subject` from the task_struct at `task`. Everything in it is the guest's
 * claim. Returns SIM_EVENT_UNREADABLE if something could not be read (and is 0), else 0.
 */
uint16_t sim_read_subject(struct sim_memory *memory, uint64_t task, struct sim_subject *subject);

/*
 * ---------------------------------------------------------------------------
 * Texts and events
 * ---------------------------------------------------------------------------
 */
#define SIM_TEXTS_SIZE 4096

/* The texts of one event, in the form that the ring has them in. */
struct sim_texts {
	uint32_t count;
	uint32_t size;                     /* bytes used */
	uint16_t flags;                    /* SIM_EVENT_TRUNCATED, SIM_EVENT_UNREADABLE */
	uint8_t bytes[SIM_TEXTS_SIZE + 8]; /* the last eight are sim_emit's */
};

static inline void sim_texts_open(struct sim_texts *texts)
{
	texts->count = 0;
	texts->size = 0;
	texts->flags = 0;
}

/* Adds the string at `address`, at most `limit` bytes of it. False if there was no room. */
_Bool sim_texts_string(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		       uint32_t limit);

/* Adds the `size` bytes at `address`, at most `limit` of them. False if there was no room. */
_Bool sim_texts_bytes(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		      uint64_t size, uint32_t limit);

/*
 * Adds the strings that the array at `address` points to, up to its null
 * pointer, as many as fit, `maximum` at most. `pointer_size` is 4 or 8.
 */
void sim_texts_array(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		     uint32_t pointer_size, uint32_t limit, uint32_t maximum);

/*
 * Adds `count` strings that follow each other in memory, each with its NUL, as
 * many as fit, `maximum` at most.
 */
void sim_texts_sequence(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
			uint64_t count, uint32_t limit, uint32_t maximum);

/* What sim_event_open does but for the rest. */
void sim_event_begin(struct sim_event *event, uint16_t type, struct sim_memory *memory,
		     const struct sim_call *call, const struct sim_hook *hook);

/*
 * Begins an event of `size` bytes: sets type, time, monitor, hook and the subject (current task),
 * and the rest to zeros.
 */
static inline __attribute__((always_inline)) void sim_event_open(struct sim_event *event,
								 uint32_t size, uint16_t type,
								 struct sim_memory *memory,
								 const struct sim_call *call,
								 const struct sim_hook *hook)
{
	sim_event_begin(event, type, memory, call, hook);
#pragma GCC unroll 16
	for (uint32_t i = 0; i < (size - sizeof(*event)) / 8; i++)
		((sim_unaligned_u64 *)(event + 1))[i] = 0;
}

/* What sim_emit does before the event is copied: the place of the record in the ring, or NULL. */
uint8_t *sim_ring_begin(const struct sim_event *event, uint32_t size, struct sim_texts *texts);

/* And after: the texts are copied, and the record is there for the reader. */
void sim_ring_end(uint8_t *record, uint32_t size, const struct sim_texts *texts);

/*
 * Puts the event (`size` bytes from `event`, the sizeof of its structure, then the texts, which may
 * be NULL) into the ring and wakes the reader if it sleeps. False if the ring was full: the event
 * is then counted as dropped.
 */
static inline __attribute__((always_inline)) _Bool sim_emit(struct sim_event *event, uint32_t size,
							    struct sim_texts *texts)
{
	uint8_t *record = sim_ring_begin(event, size, texts);

	if (!record)
		return 0;
	/* What comes before the time is the ring's. */
#pragma GCC unroll 24
	for (uint32_t at = offsetof(struct sim_event, tsc); at < size; at += 8)
		*(sim_unaligned_u64 *)(record + at) =
			*(const sim_unaligned_u64 *)((const uint8_t *)event + at);
	sim_ring_end(record, size, texts);
	return 1;
}

#endif
