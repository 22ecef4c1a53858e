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

__attribute__((section(".text.gate_target"), used)) int64_t
sim_dispatch(const struct sim_call *call);

/*
 * A guest may call the gate from anywhere, so the return address alone says
 * what it meant: one that no hook has is counted and otherwise ignored. Whatever it
 * is, it names one entry of the table, which either is its own or is not.
 */
_Static_assert(sizeof(struct sim_hook) == 32, "the shift below");

int64_t sim_dispatch(const struct sim_call *call)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint64_t address = call->return_address;
	/* The entry's offset, without a detour over its index. */
	uint64_t offset = address * config->hook_multiplier >> (SIM_HOOK_SHIFT - 5) & ~31ull;
	const struct sim_hook *hook =
		(const struct sim_hook *)((const uint8_t *)config->hooks + offset);

	__atomic_fetch_add(&ring->calls, 1, __ATOMIC_RELAXED);
	if (__builtin_expect(hook->return_address == address, 1))
		return ((sim_handler_t *)hook->handler)(call, hook);
	__atomic_fetch_add(&ring->unknown_calls, 1, __ATOMIC_RELAXED);
	return 0;
}
