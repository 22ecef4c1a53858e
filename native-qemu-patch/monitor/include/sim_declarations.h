/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor declares to the host: its hooks, slots, parameters and filters. First the layout
 * of the ELF sections, which the manager reads, then the macros that fill them.
 *
 * Each section is an array of fixed-size entries. The sections aren't allocated and need no
 * relocation: an address in them is a virtual address of the ELF file, as in its symbol table.
 * Names are NUL-terminated and padded with NULs.
 *
 * core.elf has a section .sim_slots too, and the symbol sim_dispatch.
 */
#ifndef SIM_DECLARATIONS_H
#define SIM_DECLARATIONS_H

#include "sim_abi.h"

/*
 * What a hook calls. Returns the verdict: 0 allows the call. Anything else makes a redirected call
 * of do_syscall_64 skip the system call, which then returns what pt_regs.ax holds. For other hooks
 * the verdict has no effect.
 */
typedef int64_t sim_handler_t(const struct sim_call *call, const struct sim_hook *hook);

#define SIM_NAME_SIZE 64
#define SIM_SLOT_NAME_SIZE 192

/* sim_hook_declaration.flags */
#define SIM_HOOK_OPTIONAL 1u /* a kernel without this site is no error */

/*
 * Section .sim_hooks.
 *
 * `id` is unique within the monitor and becomes sim_hook.id. Entries of the same `group`, other
 * than 0, are alternatives: the manager arms the first, in the order of the section, whose site
 * this kernel has. An entry of group 0 is a group of its own. If no site of a group is found, that
 * is an error unless all of its entries are SIM_HOOK_OPTIONAL.
 *
 * `function` may be a prototype, without spaces: each of the first parameters that the handler
 * reads is STRUCT* or `number`, as in "do_syscall_64(pt_regs*,number)". A kernel whose function
 * takes something else, by its BTF or by its entry code, counts as having no such site, and so does
 * one that doesn't tell. Without a list nothing is compared.
 *
 * SIM_HOOK_FENTRY: the site is the 5-byte NOP at +0 or +4 of `function`.
 * SIM_HOOK_CALL: the site is the one `call rel32` to `function` in `caller`, from that symbol to
 * the next. With none or several such calls, the kernel counts as having no such site.
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
 * Section .sim_slots: `address` is that of a uint64_t in read-only data, which the manager fills in
 * before the guest is armed.
 *
 * Names: config, monitor, offset:STRUCT.MEMBER[.MEMBER…], size:STRUCT, symbol:NAME; see
 * docs/interfaces.md. `|` separates alternatives: the first that this kernel has is used; only the
 * first carries the prefix ("offset:A.x|B.y"). With `?` before the colon ("symbol?:x",
 * "offset?:A.x", "size?:A") the slot is optional: a missing symbol is 0, a missing offset or size
 * is SIM_MISSING.
 */
#define SIM_MISSING UINT64_MAX

struct sim_slot_declaration {
	uint64_t address;
	uint8_t name[SIM_SLOT_NAME_SIZE];
};

/*
 * Section .sim_parameters: what the domain XML may set for this monitor. A parameter that it
 * doesn't set keeps the value that the ELF file holds at `address`, in read-only data.
 *
 * SIM_PARAMETER_NUMBER: decimal or 0x-prefixed; stored as a uint64_t; `size` is 8.
 * SIM_PARAMETER_BOOLEAN: `yes` or `no`; stored as a uint64_t of 1 or 0; `size` is 8.
 * SIM_PARAMETER_SET: `all`, `none`, or names separated by commas; stored as a bitmap of `size`
 * bytes, where bit n is bit n % 64 of the uint64_t n / 64. Section .sim_names has the names; one
 * that it lacks is an error.
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
 * Section .sim_filters: which calls of a redirected hook the handler wants. The gate lets the
 * others pass without switching views. The call's number has 32 bits; those in `ignored` are
 * cleared first. A number below `count` calls the handler if bit `first` + number of the set is 1.
 * Any other number always calls it.
 *
 * A filter is an optimisation, and the handler must check the number itself: it is called
 * unfiltered if all bits of the range are set, if `enabled` names a parameter whose value is `no`,
 * or if the gate has no filter left (it has 6). The guest can read the gate's bitmap but not write
 * it.
 */
#define SIM_FILTER_NUMBERS 1024 /* limit of `count` */

struct sim_filter_declaration {
	uint64_t set;     /* address of the parameter, a SIM_PARAMETER_SET */
	uint64_t enabled; /* address of a SIM_PARAMETER_BOOLEAN, or 0 */
	/*
	 * Where the number is. 0: the call's second argument. Otherwise the address of a slot: the
	 * number is at that offset in what the first argument points to.
	 */
	uint64_t slot;
	uint32_t hook;    /* id of a SIM_HOOK_CALL */
	uint32_t first;   /* bit of number 0 in the set */
	uint32_t count;   /* 1 .. SIM_FILTER_NUMBERS */
	uint32_t ignored; /* bits of the number */
};

/*
 * Section .sim_names: text, for parameters of type SIM_PARAMETER_SET, in lines of
 *
 *	parameter SP bit SP name LF
 *
 * with the bit in decimal. If a name is on several lines, all of their bits are set.
 */

/*
 * The macros below put entries into these sections. Names and numbers must be literals, as the
 * assembler gets them unevaluated. A name that is too long fails to assemble.
 */
#define SIM_STRING_(x) #x
#define SIM_STRING(x) SIM_STRING_(x)

#ifdef SIM_HOST_TEST /* the tests act as the manager and write the slots themselves */
#define SIM_VALUES_SECTION ".data.sim_values,\"aw\""
#else
#define SIM_VALUES_SECTION ".rodata.sim_values,\"a\""
#endif

/* Values of `kind` and `flags` for the assembler, without C's suffixes. */
#define SIM_REQUIRED 0
#define SIM_OPTIONAL 1

/*
 * Calls `handler` on entry to the guest function `function`, with its arguments. `id`, `group`: see
 * struct sim_hook_declaration. `need`: SIM_REQUIRED or SIM_OPTIONAL. The handler's verdict has no
 * effect.
 */
#define SIM_ON_ENTRY(handler, id, group, need, function) \
	SIM_HOOK_(handler, 1, id, group, need, function, "")

/* Calls `handler` before the one call from `caller` to `function`, with that call's arguments. */
#define SIM_ON_CALL(handler, id, group, need, caller, function) \
	SIM_HOOK_(handler, 2, id, group, need, function, caller)

/* Marks a handler, to which only the declarations refer. */
#define SIM_HANDLER static __attribute__((used)) int64_t

/*
 * SIM_SLOT defines the slot `variable`; `name` is as in struct sim_slot_declaration. Until the host
 * fills it in, it holds SIM_MISSING. SIM_SLOT_DECLARE declares a slot that another file defines.
 */
#define SIM_SLOT_DECLARE(variable) \
	extern const uint64_t variable __attribute__((visibility("hidden")))
#define SIM_SLOT(variable, name)    \
	SIM_SLOT_DECLARE(variable); \
	SIM_SLOT_(variable, name)

/* Defines `const uint64_t variable[1]`, which the domain XML may set by `name`. */
#define SIM_NUMBER(variable, initial, name) SIM_PARAMETER_(variable, 1, 1, initial, name)
#define SIM_BOOLEAN(variable, initial, name) SIM_PARAMETER_(variable, 1, 2, initial, name)
/* Defines the bitmap `const uint64_t variable[words]`, each word of which is `initial`. */
#define SIM_SET(variable, words, initial, name) SIM_PARAMETER_(variable, words, 3, initial, name)

/*
 * Filters the calls of hook `id` by the set `variable`. SIM_FILTER_ARGUMENT: the number is the
 * second argument. SIM_FILTER_FIELD: it is in the structure that the first points to, at the offset
 * in `slot`. `enabled`: a SIM_BOOLEAN, or 0.
 */
#define SIM_FILTER_ARGUMENT(id, variable, enabled, first, count, ignored) \
	SIM_FILTER_(id, variable, enabled, 0, first, count, ignored)
#define SIM_FILTER_FIELD(id, variable, enabled, slot, first, count, ignored) \
	SIM_FILTER_(id, variable, enabled, slot, first, count, ignored)

/* clang-format off */
#define SIM_HOOK_(handler, kind, id, group, flags, function, caller)      \
	__asm__(".pushsection .sim_hooks,\"\",@progbits\n"                \
		"771:	.quad " #handler "\n"                             \
		"	.long " SIM_STRING(kind) ", " SIM_STRING(id) "\n" \
		"	.long " SIM_STRING(group) ", " SIM_STRING(flags) "\n" \
		"	.asciz \"" function "\"\n"                        \
		"	.org 771b + 24 + 64\n"                            \
		"	.asciz \"" caller "\"\n"                          \
		"	.org 771b + 24 + 128\n"                           \
		"	.popsection\n")

#define SIM_SLOT_(variable, name)                                         \
	__asm__(".pushsection " SIM_VALUES_SECTION ",@progbits\n"         \
		"	.balign 8\n"                                      \
		"	.globl " #variable "\n"                           \
		"	.hidden " #variable "\n"                          \
		#variable ":\n"                                           \
		"	.quad -1\n"                                       \
		"	.popsection\n"                                    \
		"	.pushsection .sim_slots,\"\",@progbits\n"         \
		"771:	.quad " #variable "\n"                            \
		"	.asciz \"" name "\"\n"                            \
		"	.org 771b + 8 + 192\n"                            \
		"	.popsection\n")

#define SIM_PARAMETER_(variable, words, type, initial, name)              \
	extern const uint64_t variable[words] __attribute__((visibility("hidden"))); \
	__asm__(".pushsection " SIM_VALUES_SECTION ",@progbits\n"         \
		"	.balign 8\n"                                      \
		"	.globl " #variable "\n"                           \
		"	.hidden " #variable "\n"                          \
		#variable ":\n"                                           \
		"	.rept " SIM_STRING(words) "\n"                    \
		"	.quad " #initial "\n"                             \
		"	.endr\n"                                          \
		"	.popsection\n"                                    \
		"	.pushsection .sim_parameters,\"\",@progbits\n"    \
		"771:	.quad " #variable "\n"                            \
		"	.long 8 * " SIM_STRING(words) ", " SIM_STRING(type) "\n" \
		"	.asciz \"" name "\"\n"                            \
		"	.org 771b + 16 + 64\n"                            \
		"	.popsection\n")

#define SIM_FILTER_(id, variable, enabled, slot, first, count, ignored)   \
	__asm__(".pushsection .sim_filters,\"\",@progbits\n"              \
		"	.quad " #variable ", " #enabled ", " #slot "\n"   \
		"	.long " SIM_STRING(id) ", " SIM_STRING(first) "\n" \
		"	.long " SIM_STRING(count) ", " SIM_STRING(ignored) "\n" \
		"	.popsection\n")
/* clang-format on */

_Static_assert(sizeof(struct sim_hook_declaration) == 24 + 2 * SIM_NAME_SIZE,
	       "sim_hook_declaration");
_Static_assert(sizeof(struct sim_slot_declaration) == 8 + SIM_SLOT_NAME_SIZE,
	       "sim_slot_declaration");
_Static_assert(sizeof(struct sim_parameter_declaration) == 16 + SIM_NAME_SIZE,
	       "sim_parameter_declaration");
_Static_assert(sizeof(struct sim_filter_declaration) == 40, "sim_filter_declaration");
_Static_assert(SIM_HOOK_FENTRY == 1 && SIM_HOOK_CALL == 2, "SIM_HOOK_*");
_Static_assert(SIM_HOOK_OPTIONAL == SIM_OPTIONAL, "SIM_OPTIONAL");
_Static_assert(SIM_PARAMETER_NUMBER == 1 && SIM_PARAMETER_BOOLEAN == 2 && SIM_PARAMETER_SET == 3,
	       "SIM_PARAMETER_*");
_Static_assert(SIM_NAME_SIZE == 64 && SIM_SLOT_NAME_SIZE == 192, "sizes of names");

#endif
