/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor "process": processes and threads that come into being, programs that
 * they become, and how they end.
 *
 * Where it hooks, and why there (looked at in Debian's 6.1, 6.12 and 7.2):
 *
 * wake_up_new_task(p): the last step of every fork, vfork, clone and kernel
 *	thread, after it can no longer fail; the child is complete and hasn't run.
 * begin_new_exec(bprm): an exec whose program was found, permitted and recognised; the old
 *	image is given up here, so what fails earlier is no exec. A script's interpreter is
 *	already resolved: `filename` still names the script, and the new stack
 *	(in bprm->mm, from bprm->p upwards) holds the arguments as the program will see them.
 * do_exit(code): every way in which a task ends comes through here, in the task itself.
 */
#include "sim_monitor.h"

#define HOOK_FORK 1
#define HOOK_EXEC 2
#define HOOK_EXIT 3

#define PATH_LIMIT 1024
#define ARGUMENT_LIMIT 512
#define ARGUMENTS_MAXIMUM 64

SIM_HANDLER on_fork(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_exec(const struct sim_call *call, const struct sim_hook *hook);
SIM_HANDLER on_task_exit(const struct sim_call *call, const struct sim_hook *hook);

SIM_ON_ENTRY(on_fork, HOOK_FORK, 0, SIM_REQUIRED, "wake_up_new_task(task_struct*)");
SIM_ON_ENTRY(on_exec, HOOK_EXEC, 0, SIM_REQUIRED, "begin_new_exec(linux_binprm*)");
SIM_ON_ENTRY(on_task_exit, HOOK_EXIT, 0, SIM_REQUIRED, "do_exit(number)");

SIM_SLOT(sim_slot_binprm_filename, "offset:linux_binprm.filename");
SIM_SLOT(sim_slot_binprm_argc, "offset:linux_binprm.argc");
SIM_SLOT(sim_slot_binprm_p, "offset:linux_binprm.p");
SIM_SLOT(sim_slot_binprm_mm, "offset:linux_binprm.mm");
SIM_SLOT(sim_slot_mm_pgd, "offset:mm_struct.pgd");

static int64_t on_fork(const struct sim_call *call, const struct sim_hook *hook)
{
	struct sim_memory memory;
	struct sim_event_fork *event;

	sim_memory_open(&memory, call->guest_cr3);
	event = sim_event_reserve(call, hook, &memory, SIM_EVENT_FORK, sizeof(*event), 0);
	if (!event)
		return 0;
	event->event.flags |= sim_read_subject(&memory, call->argument[0], &event->child);
	sim_event_commit(event, sizeof(*event), 0);
	return 0;
}

/* The address space that the program being started will have. */
static _Bool new_address_space(struct sim_memory *memory, uint64_t bprm, struct sim_memory *fresh)
{
	uint64_t mm, pgd, root;

	if (!sim_read_number(memory, bprm + sim_slot_binprm_mm, 8, &mm) ||
	    !sim_read_number(memory, mm + sim_slot_mm_pgd, 8, &pgd) ||
	    !sim_direct_map_address(pgd, &root))
		return 0;
	sim_memory_open(fresh, root);
	return 1;
}

static int64_t on_exec(const struct sim_call *call, const struct sim_hook *hook)
{
	struct sim_memory memory, fresh;
	struct sim_event_exec *event;
	struct sim_texts texts;
	uint64_t bprm = call->argument[0], filename, argc, stack;

	sim_memory_open(&memory, call->guest_cr3);
	sim_texts_open(&texts);
	sim_read_number(&memory, bprm + sim_slot_binprm_filename, 8, &filename);
	sim_texts_string(&texts, &memory, filename, PATH_LIMIT);
	if (sim_read_number(&memory, bprm + sim_slot_binprm_argc, 4, &argc) &&
	    sim_read_number(&memory, bprm + sim_slot_binprm_p, 8, &stack) &&
	    new_address_space(&memory, bprm, &fresh))
		sim_texts_sequence(&texts, &fresh, stack, argc, ARGUMENT_LIMIT, ARGUMENTS_MAXIMUM);
	else
		texts.flags |= SIM_EVENT_UNREADABLE;
	event = sim_event_reserve(call, hook, &memory, SIM_EVENT_EXEC, sizeof(*event), &texts);
	if (!event)
		return 0;
	event->text_count = texts.count;
	event->argument_count = (uint32_t)argc;
	sim_event_commit(event, sizeof(*event), &texts);
	return 0;
}

static int64_t on_task_exit(const struct sim_call *call, const struct sim_hook *hook)
{
	struct sim_memory memory;
	struct sim_event_exit *event;

	sim_memory_open(&memory, call->guest_cr3);
	event = sim_event_reserve(call, hook, &memory, SIM_EVENT_EXIT, sizeof(*event), 0);
	if (!event)
		return 0;
	event->code = (uint32_t)call->argument[0];
	sim_event_commit(event, sizeof(*event), 0);
	return 0;
}
