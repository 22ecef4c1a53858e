/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gate calls. */
#include "guest.h"

int64_t sim_dispatch(const struct sim_call *call);

static const struct sim_hook *called;

static int64_t handler(const struct sim_call *call, const struct sim_hook *hook)
{
	CHECK_EQUAL(call->return_address, hook->return_address);
	called = hook;
	return -13;
}

static void it_calls_the_hook_with_this_return_address_and_returns_its_verdict(void)
{
	struct sim_call call = { .return_address = 0x2002 };

	guest_reset(4, 4096);
	config.hook_count = 3;
	for (uint32_t i = 0; i < 3; i++)
		config.hooks[i] = (struct sim_hook){ 0x2000 + i, (uintptr_t)handler, 10 + i, 0 };
	CHECK_EQUAL(-13, sim_dispatch(&call));
	CHECK(called == &config.hooks[2]);
	CHECK_EQUAL(1, ring()->calls);
	CHECK_EQUAL(0, ring()->unknown_calls);
}

static void it_counts_and_allows_a_call_that_no_hook_has(void)
{
	struct sim_call call = { .return_address = 0x3000 };

	guest_reset(4, 4096);
	config.hook_count = 1;
	config.hooks[0] = (struct sim_hook){ 0x2000, (uintptr_t)handler, 1, 0 };
	called = NULL;
	CHECK_EQUAL(0, sim_dispatch(&call));
	CHECK_EQUAL(0, sim_dispatch(&call));
	CHECK(!called);
	CHECK_EQUAL(2, ring()->calls);
	CHECK_EQUAL(2, ring()->unknown_calls);
}

void dispatch_tests(void)
{
	printf("The dispatcher\n");
	TEST(it_calls_the_hook_with_this_return_address_and_returns_its_verdict);
	TEST(it_counts_and_allows_a_call_that_no_hook_has);
}
