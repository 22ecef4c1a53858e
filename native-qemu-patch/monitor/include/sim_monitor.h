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
 * Section .sim_names: text, for parameters of type SIM_PARAMETER_SET; lines of
 *
 *	parameter SP bit SP name LF
 *
 * with the bit in decimal. One name may stand on several lines, with a bit
 * each: all of them are set.
 */

_Static_assert(sizeof(struct sim_hook_declaration) == 24 + 2 * SIM_NAME_SIZE, "sim_hook_declaration");
_Static_assert(sizeof(struct sim_slot_declaration) == 8 + SIM_SLOT_NAME_SIZE, "sim_slot_declaration");
_Static_assert(sizeof(struct sim_parameter_declaration) == 16 + SIM_NAME_SIZE, "sim_parameter_declaration");

#endif
