/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gate calls. */
#include "guest.h"
#include "hook_table.h"

int64_t sim_dispatch(const struct sim_call *call);

static const struct sim_hook *called;

static int64_t handler(const struct sim_call *call, const struct sim_hook *hook)
{
	CHECK_EQUAL(call->return_address, hook->return_address);
	called = hook;
	return -13;
}

/* As many hooks as there can be. */
static struct sim_hook hooks[SIM_MAX_HOOKS];

static void arm(uint32_t count)
{
	guest_reset(4, 4096);
	for (uint32_t i = 0; i < count; i++)
		hooks[i] = (struct sim_hook){ .return_address = 0xffffffff81000005ull + i * 0x1230,
					      .handler = (uintptr_t)handler,
					      .id = 10 + i };
	hook_table_fill(&config, hooks, count);
	called = NULL;
}

static void it_calls_the_hook_with_this_return_address_and_returns_its_verdict(void)
{
	static const uint32_t counts[] = { 1, 7, SIM_MAX_HOOKS };

	for (int c = 0; c < 3; c++) {
		arm(counts[c]);
		for (uint32_t i = 0; i < counts[c]; i++) {
			struct sim_call call = { .return_address = hooks[i].return_address };

			CHECK_EQUAL(-13, sim_dispatch(&call));
			CHECK(called->id == 10 + i);
		}
		CHECK_EQUAL(counts[c], ring()->calls);
		CHECK_EQUAL(0, ring()->unknown_calls);
	}
}

static void it_counts_and_allows_a_call_that_no_hook_has(void)
{
	uint64_t number = 88172645463325252ull;

	arm(7);
	for (uint64_t i = 0; i < 100000; i++) {
		/* small and special numbers, neighbours of hooks, anything */
		struct sim_call call = { .return_address = i < 4096 ? i :
							   i < 8192 ? -(i - 4095) :
							   i % 2    ? hooks[i % 7].return_address ^
									   1ull << (number % 64) :
								   number };

		number ^= number << 13;
		number ^= number >> 7;
		number ^= number << 17;
		CHECK_EQUAL(0, sim_dispatch(&call));
	}
	CHECK(!called);
	CHECK_EQUAL(100000, ring()->calls);
	CHECK_EQUAL(100000, ring()->unknown_calls);
}

static void without_hooks_no_call_is_known(void)
{
	arm(0);
	for (uint64_t i = 0; i < 1000; i++) {
		struct sim_call call = { .return_address = i };

		CHECK_EQUAL(0, sim_dispatch(&call));
	}
	CHECK_EQUAL(1000, ring()->unknown_calls);
}

void dispatch_tests(void)
{
	printf("The dispatcher\n");
	TEST(it_calls_the_hook_with_this_return_address_and_returns_its_verdict);
	TEST(it_counts_and_allows_a_call_that_no_hook_has);
	TEST(without_hooks_no_call_is_known);
}
