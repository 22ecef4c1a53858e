/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's filters: which numbers of a redirected call reach the monitor. */
#include "machine.h"

/* Numbers that are small, out of range, negative, with bits of their own, at the edges. */
/* clang-format off */
static const uint32_t numbers[] = {
	0, 1, 2, 3, 10, 31, 32, 38, 500, FILTER_COUNT - 2, FILTER_COUNT - 1, FILTER_COUNT,
	FILTER_COUNT + 1, 1023, 1024, 1031, 0xffff, 0x7fffffff, 0x80000000, 0x80000003, 0x80000001,
	0xffffffff, 0xbfffffff, 0x40000000, 0x40000001, 0x40000003, 0x400003e7, 0x400003e8,
	0xc0000001, 0x20000001, 0x01000001,
};
/* clang-format on */
#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static void expect_filtered(bool wants)
{
	struct registers expected = as_called(before.rsp - 8);

	if (!wants) {
		expected.r10 = before.r10;
		expected.r11 = before.r11;
	}
	/* rax and the arithmetic flags are whose the call is */
	expected.rax = at_target.rax;
	expected.flags = (before.flags & ~FLAGS_ARITHMETIC) | (at_target.flags & FLAGS_ARITHMETIC);
	CHECK(calls == wants);
	CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
	CHECK(link_at_target == (uint64_t)hook_return);
	CHECK(after.rsp == before.rsp && after.rbx == before.rbx && after.rbp == before.rbp &&
	      after.r12 == before.r12);
	CHECK(view == NORMAL && cr3 == GUEST_CR3);
	/* nothing of the monitor's, and no more of the bitmap than the page itself shows */
	CHECK(at_target.rax == (uint32_t)at_target.rax || at_target.rax == before.rax);
}

static void filters_decide(uint64_t by_argument, uint64_t by_field,
			   void call(uint64_t, const uint64_t *))
{
	static uint32_t registers[64];

	for (size_t i = 0; i < NUMBERS; i++) {
		call(by_argument, (uint64_t[]){ 0x123456789, numbers[i] | 0xabcdef1200000000ull });
		expect_filtered(filter_wants(numbers[i] & ~FILTER_IGNORED));
		registers[FILTER_FIELD / 4] = numbers[i];
		call(by_field, (uint64_t[]){ (uint64_t)registers, 0x123456789 });
		expect_filtered(filter_wants(numbers[i]));
	}
	for (uint32_t number = 0; number < FILTER_COUNT; number++) {
		call(by_argument, (uint64_t[]){ 0, number });
		expect_filtered(filter_wants(number));
	}
}

static void a_filter_lets_only_wanted_numbers_and_strange_ones_call_the_gate(void)
{
	filters_decide(GATE_g1_filter_0, GATE_g1_filter_1, call_gate_with);
}

static void so_does_the_exit_gates(void)
{
	filters_decide(GATE_x1_filter_0, GATE_x1_filter_1, call_exit_gate_with);
}

static void a_filtered_call_can_be_denied(void)
{
	verdict = -1;
	call_gate_with(GATE_g1_filter_0, (uint64_t[]){ 7, 3 });
	verdict = 0;
	CHECK(calls == 1 && at_target.rdi == 7 && at_target.rsi == ~0ull);
}

void filter_tests(void)
{
	TEST(a_filter_lets_only_wanted_numbers_and_strange_ones_call_the_gate);
	TEST(so_does_the_exit_gates);
	TEST(a_filtered_call_can_be_denied);
}
