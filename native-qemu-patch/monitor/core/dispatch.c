/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What G2 calls: finds the hook by the return address that its call pushed, and
 * calls its handler.
 */
#include "sim_monitor.h"

/*
 * sim_dispatch begins at 0x800 in its page, where both gate pages hold int3
 * (gates.ld says why; monitor.ld keeps the order).
 */
__asm__(".pushsection .text.gate_filler,\"ax\",@progbits\n"
	"	.fill 2048, 1, 0xcc\n"
	"	.popsection\n");

__attribute__((section(".text.gate_target"), used)) int64_t sim_dispatch(const struct sim_call *call);

/*
 * A guest may call the gate from anywhere, so the return address alone says
 * what it meant: one that no hook has is counted and otherwise ignored. The
 * table is in the host's order, the most frequent hooks first.
 */
int64_t sim_dispatch(const struct sim_call *call)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;

	__atomic_fetch_add(&ring->calls, 1, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < config->hook_count && i < SIM_MAX_HOOKS; i++) {
		const struct sim_hook *hook = &config->hooks[i];

		if (hook->return_address == call->return_address)
			return ((sim_handler_t *)hook->handler)(call, hook);
	}
	__atomic_fetch_add(&ring->unknown_calls, 1, __ATOMIC_RELAXED);
	return 0;
}
