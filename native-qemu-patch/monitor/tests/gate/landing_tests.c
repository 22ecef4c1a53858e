/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumps into the gate, at each of its bytes, with hostile registers and memory. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>

#include "machine.h"

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static bool secret(uint64_t value)
{
	static const struct {
		uint64_t start, size;
	} secrets[] = { { SIM_CR3, PAGE },
			{ STACKS, STACK_COUNT * STACK_STRIDE + 1 },
			{ DISPATCH_PAGE, PAGE } };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (value - secrets[i].start < secrets[i].size ||
		    (uint32_t)value - (uint32_t)secrets[i].start < secrets[i].size)
			return true;
	return false;
}

/*
 * What an attacker puts into registers and memory: pointers he can use, the gate's own numbers,
 * anything.
 */
static uint64_t hostile_value(void)
{
	uint64_t value;

	switch (random_number() % 6) {
	case 0:
		return GUEST_STACK + PAGE + (random_number() % 64) * 8;
	case 1:
		return random_number() % 4;
	case 2:
		return GUEST_CR3;
	case 3:
		return GATE + random_number() % (2 * PAGE);
	}
	do
		value = random_number();
	while (secret(value));
	return value;
}

/* Goes on at this address in the SIM view, with the attacker's CR3 and registers. */
static enum outcome land(uint64_t address, bool wide_code)
{
	struct itimerval timer = { .it_value = { .tv_usec = 20000 } }, none = { 0 };
	enum outcome outcome;

	hostile = true;
	view = SIM;
	cr3 = GUEST_CR3;
	wide = wide_code;
	take_stacks(0);
	apply_world();
	for (uint64_t at = GUEST_STACK; at < GUEST_STACK + GUEST_STACK_SIZE; at += 8)
		*(uint64_t *)at = hostile_value();
	for (int i = 0; i < 16; i++)
		wanted[register_of[i]] = (greg_t)hostile_value();
	branch_from = hostile_value();
	branch_to = hostile_value();
	wanted[REG_RSP] = (greg_t)(GUEST_STACK + PAGE);
	wanted[REG_EFL] = 0x202 | (greg_t)(random_number() & FLAGS_ARITHMETIC);
	wanted[REG_RIP] = (greg_t)address;
	if (!wide_code)
		for (int i = 0; i < 16; i++)
			wanted[register_of[i]] &= 0xffffffffll;
	outcome = (enum outcome)sigsetjmp(ended, 1);
	if (outcome == RUNNING) {
		setitimer(ITIMER_VIRTUAL, &timer, NULL);
		raise(SIGUSR1);
		CHECK(!"came back by itself");
	}
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	return outcome;
}

static void expect_no_secret(uint64_t address)
{
	view = NORMAL;
	apply_world();
	for (int i = 0; i < 16; i++) {
		if (secret((uint64_t)at_end[register_of[i]])) {
			fprintf(stderr, "FAILED landing at %llx: register %d left with %llx\n",
				(unsigned long long)address, i,
				(unsigned long long)at_end[register_of[i]]);
			exit(1);
		}
	}
	for (uint64_t at = GUEST_STACK; at < GUEST_STACK + GUEST_STACK_SIZE; at += 8) {
		if (secret(*(uint64_t *)at)) {
			fprintf(stderr, "FAILED landing at %llx: %llx in the guest's memory\n",
				(unsigned long long)address, (unsigned long long)*(uint64_t *)at);
			exit(1);
		}
	}
	/* a forged call has given its stack back */
	CHECK(stacks_taken() == 0);
}

/* Most of both pages is int3; the rest is worth more tries. */
static int rounds_at(uint64_t offset)
{
	bool code = (offset >= PAGE && offset < GATE_g2_code_end) ||
		    (offset + 8 >= GATE_g1_exit && offset < GATE_g1_exit + 8);

	return code ? 200 : 1;
}

static void land_everywhere(bool wide_code)
{
	unsigned count[4] = { 0 };
	unsigned all = 0;

	for (uint64_t offset = 0; offset < 2 * PAGE; offset++) {
		for (int round = 0; round < rounds_at(offset); round++) {
			enum outcome outcome;

			calls = 0;
			outcome = land(GATE + offset, wide_code);
			count[outcome]++;
			all++;
			if (outcome == LEFT)
				expect_no_secret(GATE + offset);
			/*
			 * Nobody leaves who read memory with a CR3 of his own: a whole call, or
			 * only what is behind the check. (Or a call of where the way out is: it
			 * pushed what everyone knows.)
			 */
			if (outcome == LEFT && offset >= PAGE && offset - GATE_g2_dispatch >= 10)
				CHECK(calls == 1 || offset >= GATE_g2_sim_cr3_high);
			/*
			 * Whoever makes the search for a stack search memory of his own waits for
			 * its end.
			 */
			if (outcome == STUCK)
				CHECK(offset >= PAGE && offset < GATE_g2_code_end);
			/* int3 is what stops a jump to where no code is */
			if (offset > PAGE + 0x400)
				CHECK(outcome == STOPPED &&
				      (uint64_t)at_end[REG_RIP] == GATE + offset + 1);
		}
	}
	printf("     %u landings: %u stopped, %u left with nothing, "
	       "%u still searching after 20 ms\n",
	       all, count[STOPPED], count[LEFT], count[STUCK]);
	CHECK(count[STOPPED] > 0 && count[LEFT] > 0);
}

static void a_jump_to_any_byte_with_hostile_registers_learns_nothing(void)
{
	land_everywhere(true);
}

static void nor_does_one_in_32_bit_mode(void)
{
	land_everywhere(false);
}

static void the_first_instruction_stops_32_bit_code(void)
{
	for (int i = 0; i < 1000; i++) {
		CHECK(land(GATE + PAGE, false) == STOPPED);
		CHECK(cr3 == GUEST_CR3);
		CHECK((uint64_t)at_end[REG_RIP] < GATE + GATE_g2_code_end);
	}
}

static void g1_in_the_sim_view_stops_all_but_the_exit(void)
{
	for (uint64_t offset = 0; offset < PAGE; offset++) {
		enum outcome outcome = land(GATE + offset, true);

		CHECK(outcome == STOPPED || offset == GATE_g1_exit);
	}
}

static void the_exit_cannot_be_used_as_a_second_entry(void)
{
	/* VMFUNC(0, 1) at the exit: goes on in the SIM view, at int3 */
	unsigned entered = 0;

	for (int i = 0; i < 2000; i++) {
		enum outcome outcome = land(GATE + GATE_g1_exit, true);

		if (outcome == STOPPED && (uint64_t)at_end[REG_RIP] == GATE + GATE_g1_exit + 4)
			entered++;
		else
			CHECK(outcome == LEFT || (uint64_t)at_end[REG_RIP] == GATE + GATE_g1_exit);
	}
	CHECK(entered > 0);
}

static void a_forged_call_is_made_and_returns(void)
{
	unsigned left = 0;

	for (int i = 0; i < 100; i++) {
		calls = 0;
		enum outcome outcome = land(GATE + PAGE, true);

		CHECK(outcome == LEFT);
		expect_no_secret(GATE + PAGE);
		left += calls;
	}
	CHECK(left == 100);
}

static const char no_32_bit_code[] = "this machine runs no 32-bit code";

/* A hypervisor may refuse 32-bit code segments: then nothing lands, and every test would pass. */
static bool runs_32_bit_code(void)
{
	uint64_t int3 = GATE + 2 * PAGE - 1;

	return land(int3, false) == STOPPED && (uint64_t)at_end[REG_RIP] == int3 + 1;
}

void landing_tests(void)
{
	TEST(a_forged_call_is_made_and_returns);
	TEST(g1_in_the_sim_view_stops_all_but_the_exit);
	TEST(the_exit_cannot_be_used_as_a_second_entry);
	TEST(a_jump_to_any_byte_with_hostile_registers_learns_nothing);
	if (runs_32_bit_code()) {
		TEST(the_first_instruction_stops_32_bit_code);
		TEST(nor_does_one_in_32_bit_mode);
	} else {
		SKIP(the_first_instruction_stops_32_bit_code, no_32_bit_code);
		SKIP(nor_does_one_in_32_bit_mode, no_32_bit_code);
	}
}
