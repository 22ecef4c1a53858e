/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor "modules": kernel modules that are loaded, and by which task.
 *
 * do_init_module(mod): called once for each module, by the task that loads it, when nothing can
 *	refuse the module any more and before its init function is called. A rootkit that unlinks
 *	itself from the list of modules has passed here. Setters of its parameters have run before.
 */
#include "sim_monitor.h"

#define HOOK_LOAD 1

#define NAME_LIMIT 56 /* MODULE_NAME_LEN */

SIM_HANDLER on_load(const struct sim_call *call, const struct sim_hook *hook);

SIM_ON_ENTRY(on_load, HOOK_LOAD, 0, SIM_REQUIRED, "do_init_module(module*)");

SIM_SLOT(sim_slot_module_name, "offset:module.name");

static int64_t on_load(const struct sim_call *call, const struct sim_hook *hook)
{
	struct sim_memory memory;
	struct sim_event_module *event;
	struct sim_texts texts;

	sim_memory_open(&memory, call->guest_cr3);
	sim_texts_open(&texts);
	sim_texts_string(&texts, &memory, call->argument[0] + sim_slot_module_name, NAME_LIMIT);
	event = sim_event_reserve(call, hook, &memory, SIM_EVENT_MODULE, sizeof(*event), &texts);
	if (!event)
		return 0;
	event->text_count = texts.count;
	sim_event_commit(event, sizeof(*event), &texts);
	return 0;
}
