/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills the table of hooks, as the manager does. */
#ifndef SIM_TEST_HOOK_TABLE_H
#define SIM_TEST_HOOK_TABLE_H

#include <stdbool.h>
#include <string.h>

#include "sim_abi.h"

static inline uint64_t hook_slot(uint64_t return_address, uint64_t multiplier)
{
	return return_address * multiplier >> SIM_HOOK_SHIFT;
}

static inline bool hook_table_try(struct sim_config *table, const struct sim_hook *hooks,
				  uint32_t count, uint64_t multiplier)
{
	bool used[SIM_HOOK_SLOTS] = { false };

	for (uint32_t i = 0; i < count; i++) {
		uint64_t slot = hook_slot(hooks[i].return_address, multiplier);

		if (used[slot])
			return false;
		used[slot] = true;
		table->hooks[slot] = hooks[i];
	}
	for (uint64_t slot = 0; slot < SIM_HOOK_SLOTS; slot++)
		if (!used[slot]) /* 0 belongs into entry 0, 1 elsewhere */
			table->hooks[slot] = (struct sim_hook){ .return_address = slot == 0 };
	return hook_slot(1, multiplier) != 0;
}

static inline void hook_table_fill(struct sim_config *table, const struct sim_hook *hooks,
				   uint32_t count)
{
	uint64_t multiplier = 0x9e3779b97f4a7c15ull;

	while (!hook_table_try(table, hooks, count, multiplier))
		multiplier = multiplier * 6364136223846793005ull + 1442695040888963407ull;
	table->hook_multiplier = multiplier;
	table->hook_count = count;
}

#endif
