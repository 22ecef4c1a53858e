/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor "syscalls": system calls, through every door that 64-bit x86 Linux has.
 *
 * The functions behind the doors are noinstr (no fentry NOP), so the one call
 * to each of them in the entry code is redirected. At that point the caller's
 * registers are in pt_regs, and the number is (arch/x86/entry/common.c,
 * entry_64.S, entry_64_compat.S; looked at in Debian's 5.10, 6.1, 6.12 and 7.2):
 *
 *	door            call                                        number
 *	syscall         do_syscall_64(regs, nr)                     nr; bit 30 says x32
 *	syscall, up to 5.13: do_syscall_64(nr, regs)                nr; bit 30 says x32
 *	32-bit syscall  do_fast_syscall_32(regs)                    regs->orig_ax
 *	sysenter        do_SYSENTER_32(regs)                        regs->orig_ax
 *	int $0x80       int80_emulation(regs, ...)                  regs->ax
 *	int $0x80, up to 6.6 without the backport: do_int80_syscall_32(regs)  regs->orig_ax
 *
 * A text that the kernel has not touched yet may lie on a page that is not
 * mapped at that moment; it is then reported as unreadable.
 */
#include "sim_monitor.h"
#include "syscall_texts.h"

#define HOOK_SYSCALL_64 1
#define HOOK_FAST_32 2
#define HOOK_SYSENTER 3
#define HOOK_INT80 4
#define HOOK_INT80_OLD 5
#define HOOK_SYSCALL_64_OLD 6

#define GROUP_INT80 1
#define GROUP_SYSCALL_64 2

#define PATH_LIMIT 1024
#define ARGUMENT_LIMIT 256
#define ARGUMENTS_MAXIMUM 64
#define SOCKADDR_LIMIT 128
#define PARAMETERS_LIMIT 1024

#define X32_BIT 0x40000000

SIM_HANDLER on_syscall_64(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_syscall_64_old(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_fast_32(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_sysenter(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_int80(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_int80_old(const struct sim_call *call, const struct sim_hook *hook);

SIM_ON_CALL(on_syscall_64, HOOK_SYSCALL_64, GROUP_SYSCALL_64, SIM_REQUIRED,
	    "entry_SYSCALL_64_after_hwframe", "do_syscall_64(pt_regs*,number)");
/* No filter finds a number in the first argument: each call comes here. */
SIM_ON_CALL(on_syscall_64_old, HOOK_SYSCALL_64_OLD, GROUP_SYSCALL_64, SIM_REQUIRED,
	    "entry_SYSCALL_64_after_hwframe", "do_syscall_64(number,pt_regs*)");
/* Optional: a kernel without 32-bit emulation has none of these doors. */
SIM_ON_CALL(on_fast_32, HOOK_FAST_32, 0, SIM_OPTIONAL, "entry_SYSCALL_compat_after_hwframe",
	    "do_fast_syscall_32(pt_regs*)");
SIM_ON_CALL(on_sysenter, HOOK_SYSENTER, 0, SIM_OPTIONAL, "entry_SYSENTER_compat_after_hwframe",
	    "do_SYSENTER_32(pt_regs*)");
SIM_ON_CALL(on_int80, HOOK_INT80, GROUP_INT80, SIM_OPTIONAL, "asm_int80_emulation",
	    "int80_emulation(pt_regs*)");
SIM_ON_CALL(on_int80_old, HOOK_INT80_OLD, GROUP_INT80, SIM_OPTIONAL, "entry_INT80_compat",
	    "do_int80_syscall_32(pt_regs*)");

SIM_SLOT(sim_slot_regs_size, "size:pt_regs");
SIM_SLOT(sim_slot_regs_di, "offset:pt_regs.di");
SIM_SLOT(sim_slot_regs_si, "offset:pt_regs.si");
SIM_SLOT(sim_slot_regs_dx, "offset:pt_regs.dx");
SIM_SLOT(sim_slot_regs_r10, "offset:pt_regs.r10");
SIM_SLOT(sim_slot_regs_r8, "offset:pt_regs.r8");
SIM_SLOT(sim_slot_regs_r9, "offset:pt_regs.r9");
SIM_SLOT(sim_slot_regs_bx, "offset:pt_regs.bx");
SIM_SLOT(sim_slot_regs_cx, "offset:pt_regs.cx");
SIM_SLOT(sim_slot_regs_bp, "offset:pt_regs.bp");
SIM_SLOT(sim_slot_regs_sp, "offset:pt_regs.sp");
SIM_SLOT(sim_slot_regs_ax, "offset:pt_regs.ax");
SIM_SLOT(sim_slot_regs_orig_ax, "offset:pt_regs.orig_ax");

/*
 * Which calls to report. Bit n of the first half: number n at the 64-bit and
 * x32 doors; of the second half: at the 32-bit door. A number beyond is always
 * reported. Must agree with the Makefile's .sim_names.
 */
#define CALLS_PER_DOOR 1024
#define CALLS_WORDS 32
SIM_SET(parameter_calls, CALLS_WORDS, -1, "calls");

/* `no`: the gate is called for every system call, and the choice is made here alone. */
SIM_BOOLEAN(parameter_filter, 1, "filter");

/* As the handlers below see the number; they look at it all the same. */
SIM_FILTER_ARGUMENT(HOOK_SYSCALL_64, parameter_calls, parameter_filter, 0, CALLS_PER_DOOR, X32_BIT);
SIM_FILTER_FIELD(HOOK_FAST_32, parameter_calls, parameter_filter, sim_slot_regs_orig_ax,
		 CALLS_PER_DOOR, CALLS_PER_DOOR, 0);
SIM_FILTER_FIELD(HOOK_SYSENTER, parameter_calls, parameter_filter, sim_slot_regs_orig_ax,
		 CALLS_PER_DOOR, CALLS_PER_DOOR, 0);
SIM_FILTER_FIELD(HOOK_INT80, parameter_calls, parameter_filter, sim_slot_regs_ax, CALLS_PER_DOOR,
		 CALLS_PER_DOOR, 0);
SIM_FILTER_FIELD(HOOK_INT80_OLD, parameter_calls, parameter_filter, sim_slot_regs_orig_ax,
		 CALLS_PER_DOOR, CALLS_PER_DOOR, 0);

_Static_assert(CALLS_WORDS * 64 == 2 * CALLS_PER_DOOR, "two halves");

static _Bool wanted(uint32_t door, uint32_t number)
{
	uint32_t bit = number + (door == SIM_SYSCALL_32 ? CALLS_PER_DOOR : 0);

	return number >= CALLS_PER_DOOR || (parameter_calls[bit / 64] >> (bit % 64) & 1);
}

/* A system call, before it becomes an event. */
struct system_call {
	uint32_t door;
	uint32_t number;
	uint64_t argument[6];
	uint16_t flags;
};

static __always_inline void emit(const struct sim_call *call, const struct sim_hook *hook,
				 struct sim_memory *memory, const struct system_call *made,
				 uint32_t text_arguments, struct sim_texts *texts)
{
	struct sim_event_syscall *event =
		sim_event_reserve(call, hook, memory, SIM_EVENT_SYSCALL, sizeof(*event), texts);

	if (!event)
		return;
	event->event.flags |= made->flags;
	event->door = made->door;
	event->number = made->number;
#pragma GCC unroll 6
	for (int i = 0; i < 6; i++)
		event->argument[i] = made->argument[i];
	if (texts) {
		event->text_count = texts->count;
		event->text_arguments = text_arguments;
	}
	sim_event_commit(event, sizeof(*event), texts);
}

/* Separate, so that a call without texts needs little stack and touches little memory. */
static __attribute__((noinline)) void emit_with_texts(const struct sim_call *call,
						      const struct sim_hook *hook,
						      struct sim_memory *memory,
						      const struct system_call *made,
						      struct texts_of what)
{
	struct sim_texts texts;
	uint32_t i = what.argument, text_arguments = 1u << i, words[3];
	uint64_t at = made->argument[i];

	sim_texts_open(&texts);
	switch (__builtin_expect(what.text, TEXT_PATH)) {
	case TEXT_PATH:
		sim_texts_string(&texts, memory, at, PATH_LIMIT);
		break;
	case TEXT_EXEC:
		text_arguments |= 2u << i;
		sim_texts_string(&texts, memory, at, PATH_LIMIT);
		/* Linux takes a null argv for an empty one. */
		if (made->argument[i + 1])
			sim_texts_array(&texts, memory, made->argument[i + 1], what.pointer_size,
					ARGUMENT_LIMIT, ARGUMENTS_MAXIMUM);
		break;
	case TEXT_SOCKADDR:
		sim_texts_bytes(&texts, memory, at, (uint32_t)made->argument[i + 1],
				SOCKADDR_LIMIT);
		break;
	case TEXT_SOCKETCALL:
		if (sim_read(memory, at, words, sizeof(words)))
			sim_texts_bytes(&texts, memory, words[1], words[2], SOCKADDR_LIMIT);
		else
			sim_texts_bytes(&texts, memory, at, sizeof(words), SOCKADDR_LIMIT);
		break;
	case TEXT_PARAMETERS:
		sim_texts_string(&texts, memory, at, PARAMETERS_LIMIT);
		break;
	case TEXT_NONE:
		break;
	}
	emit(call, hook, memory, made, text_arguments, &texts);
}

static __always_inline void report(const struct sim_call *call, const struct sim_hook *hook,
				   struct sim_memory *memory, const struct system_call *made,
				   struct texts_of what)
{
	if (what.text == TEXT_NONE)
		emit(call, hook, memory, made, 0, 0);
	else
		emit_with_texts(call, hook, memory, made, what);
}

/* Most kernels have their stacks, and so pt_regs, outside of the direct map. */
static __always_inline struct sim_piece regs_at(struct sim_memory *memory, uint64_t address)
{
	return (struct sim_piece){ address, sim_find(memory, address, sim_slot_regs_size) };
}

static __always_inline int64_t on_64(const struct sim_call *call, const struct sim_hook *hook,
				     uint64_t regs_at_entry, uint32_t number)
{
	struct sim_memory memory;
	struct system_call made;
	struct sim_piece regs;
	uint32_t door = number & X32_BIT ? SIM_SYSCALL_X32 : SIM_SYSCALL_64;
	_Bool readable = 1;

	/* -1 and its kind are no x32 calls: a debugger uses them for "none" */
	if ((int32_t)number < 0)
		door = SIM_SYSCALL_64;
	else
		number &= ~X32_BIT;
	if (!wanted(door, number))
		return 0;
	sim_memory_open(&memory, call->guest_cr3);
	made.door = door;
	made.number = number;
	regs = regs_at(&memory, regs_at_entry);
	readable &= sim_field(&memory, &regs, sim_slot_regs_di, 8, &made.argument[0]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_si, 8, &made.argument[1]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_dx, 8, &made.argument[2]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_r10, 8, &made.argument[3]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_r8, 8, &made.argument[4]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_r9, 8, &made.argument[5]);
	made.flags = readable ? 0 : SIM_EVENT_UNREADABLE;
	report(call, hook, &memory, &made, texts_of_64(number));
	return 0;
}

static int64_t on_syscall_64(const struct sim_call *call, const struct sim_hook *hook)
{
	return on_64(call, hook, call->argument[0], (uint32_t)call->argument[1]);
}

static int64_t on_syscall_64_old(const struct sim_call *call, const struct sim_hook *hook)
{
	return on_64(call, hook, call->argument[1], (uint32_t)call->argument[0]);
}

/*
 * `number_at`: offset of the number in pt_regs. `sixth_at`: that of the register that is the sixth
 * argument or, if `sixth_on_stack`, points to it on the caller's stack. Of each register the lower
 * half is the caller's.
 */
static int64_t on_32(const struct sim_call *call, const struct sim_hook *hook, uint64_t number_at,
		     uint64_t sixth_at, _Bool sixth_on_stack)
{
	struct sim_memory memory;
	struct system_call made;
	struct sim_piece regs;
	uint64_t number;
	_Bool readable;

	sim_memory_open(&memory, call->guest_cr3);
	regs = regs_at(&memory, call->argument[0]);
	readable = sim_field(&memory, &regs, number_at, 4, &number);
	if (readable && !wanted(SIM_SYSCALL_32, (uint32_t)number))
		return 0;
	made.door = SIM_SYSCALL_32;
	made.number = (uint32_t)number;
	readable &= sim_field(&memory, &regs, sim_slot_regs_bx, 4, &made.argument[0]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_cx, 4, &made.argument[1]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_dx, 4, &made.argument[2]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_si, 4, &made.argument[3]);
	readable &= sim_field(&memory, &regs, sim_slot_regs_di, 4, &made.argument[4]);
	readable &= sim_field(&memory, &regs, sixth_at, 4, &made.argument[5]);
	/* Few calls have six arguments, so a stack that can't be read is no news. */
	if (sixth_on_stack)
		sim_read_number(&memory, made.argument[5], 4, &made.argument[5]);
	made.flags = readable ? 0 : SIM_EVENT_UNREADABLE;
	report(call, hook, &memory, &made, texts_of_32(made.number, made.argument[0]));
	return 0;
}

static int64_t on_fast_32(const struct sim_call *call, const struct sim_hook *hook)
{
	return on_32(call, hook, sim_slot_regs_orig_ax, sim_slot_regs_sp, 1);
}

/* The vDSO's convention: ebp holds the caller's stack pointer, which SYSENTER loses. */
static int64_t on_sysenter(const struct sim_call *call, const struct sim_hook *hook)
{
	return on_32(call, hook, sim_slot_regs_orig_ax, sim_slot_regs_bp, 1);
}

static int64_t on_int80(const struct sim_call *call, const struct sim_hook *hook)
{
	return on_32(call, hook, sim_slot_regs_ax, sim_slot_regs_bp, 0);
}

static int64_t on_int80_old(const struct sim_call *call, const struct sim_hook *hook)
{
	return on_32(call, hook, sim_slot_regs_orig_ax, sim_slot_regs_bp, 0);
}
