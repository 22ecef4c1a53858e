/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate, called as hooks call it and entered as they don't.
 *
 *	gate-tests PAGES CORE NULL
 *
 * PAGES: as machine.h says; CORE, NULL: core.elf and null.elf, flat.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "machine.h"

static bool outside_gate; /* the last call went through the exit gate */

/*
 * What a hooked function must find: everything as it was, but for r10 and r11, which hold nothing
 * of the monitor's.
 */
static struct registers as_called(uint64_t rsp)
{
	struct registers expected = before;

	expected.rsp = rsp;
	expected.r10 = outside_gate ? before.rdx : before.rcx;
	expected.r11 = 0;
	return expected;
}

static void expect_clean_return(void)
{
	struct registers expected = as_called(before.rsp);

	CHECK(memcmp(&expected, &after, sizeof(expected)) == 0);
	CHECK(view == NORMAL && cr3 == GUEST_CR3);
	CHECK(calls == 1);
	/* nothing above the hook's own stack pointer was written */
	for (uint64_t at = before.rsp; at < GUEST_STACK + GUEST_STACK_SIZE; at++)
		CHECK(*(uint8_t *)at == 0x5a);
}

static void a_fentry_hook_gets_every_register_and_flag_back(void)
{
	verdict = 0;
	call_gate(GATE_g1_fentry);
	expect_clean_return();
}

static void the_monitor_sees_the_call_as_the_hook_made_it(void)
{
	call_gate(GATE_g1_fentry);
	CHECK(seen.guest_cr3 == GUEST_CR3);
	CHECK(seen.guest_rsp < before.rsp && seen.guest_rsp >= before.rsp - 64);
	CHECK(seen.current_task == CURRENT_TASK);
	CHECK(seen.return_address == (uint64_t)hook_return);
	CHECK(seen.argument[0] == before.rdi && seen.argument[1] == before.rsi &&
	      seen.argument[2] == before.rdx);
	CHECK(seen.argument[3] == before.rcx && seen.argument[4] == before.r8 &&
	      seen.argument[5] == before.r9);
}

static void the_monitor_runs_on_an_aligned_stack_of_its_own_with_known_flags(void)
{
	call_gate(GATE_g1_fentry);
	CHECK(seen_stack % 16 == 0);
	CHECK(seen_stack + sizeof(struct sim_call) == STACK_TOP(0));
	CHECK((seen_flags & (FLAG_DF | FLAG_AC | FLAG_TF | FLAG_NT)) == 0);
	CHECK(seen_taken == 1);
	CHECK(stacks_taken() == 0);
}

static void a_fentry_hook_cannot_be_denied(void)
{
	verdict = -13;
	call_gate(GATE_g1_fentry);
	expect_clean_return();
	verdict = 0;
}

static const uint64_t stubs[16] = {
	GATE_g1_call_stub_0,  GATE_g1_call_stub_1,  GATE_g1_call_stub_2,  GATE_g1_call_stub_3,
	GATE_g1_call_stub_4,  GATE_g1_call_stub_5,  GATE_g1_call_stub_6,  GATE_g1_call_stub_7,
	GATE_g1_call_stub_8,  GATE_g1_call_stub_9,  GATE_g1_call_stub_10, GATE_g1_call_stub_11,
	GATE_g1_call_stub_12, GATE_g1_call_stub_13, GATE_g1_call_stub_14, GATE_g1_call_stub_15
};

static void a_redirected_call_goes_on_to_its_target_as_if_called_directly(void)
{
	struct registers expected;

	for (int i = 0; i < 16; i++) {
		call_gate(stubs[i]);
		expect_clean_return();
		CHECK(seen.guest_rsp < before.rsp && seen.guest_rsp >= before.rsp - 64);
		CHECK(seen.return_address == (uint64_t)hook_return);
		expected = as_called(before.rsp - 8); /* the return address */
		CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
		CHECK(link_at_target == (uint64_t)hook_return);
	}
}

static void a_denied_call_reaches_its_target_with_minus_one_as_second_argument(void)
{
	struct registers expected;

	verdict = -1;
	call_gate(stubs[3]);
	verdict = 0;
	expected = as_called(before.rsp - 8);
	expected.rsi = ~0ull;
	CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
}

/* ---- The gate of a monitor outside ---------------------------------------- */

static const uint64_t exit_stubs[16] = {
	GATE_x1_call_stub_0,  GATE_x1_call_stub_1,  GATE_x1_call_stub_2,  GATE_x1_call_stub_3,
	GATE_x1_call_stub_4,  GATE_x1_call_stub_5,  GATE_x1_call_stub_6,  GATE_x1_call_stub_7,
	GATE_x1_call_stub_8,  GATE_x1_call_stub_9,  GATE_x1_call_stub_10, GATE_x1_call_stub_11,
	GATE_x1_call_stub_12, GATE_x1_call_stub_13, GATE_x1_call_stub_14, GATE_x1_call_stub_15
};

static void call_exit_gate(uint64_t entry)
{
	outside = true;
	outside_gate = true;
	call_gate(entry - GATE_EXIT_PAGE);
	outside = false;
}

static void the_exit_gate_shows_the_call_as_the_hook_made_it(void)
{
	call_exit_gate(GATE_x1_fentry);
	CHECK(seen.guest_cr3 == GUEST_CR3);
	CHECK(seen.guest_rsp < before.rsp && seen.guest_rsp >= before.rsp - 64);
	CHECK(seen.current_task == CURRENT_TASK);
	CHECK(seen.return_address == (uint64_t)hook_return);
	CHECK(seen.argument[0] == before.rdi && seen.argument[1] == before.rsi &&
	      seen.argument[2] == before.rdx);
	CHECK(seen.argument[3] == before.rcx && seen.argument[4] == before.r8 &&
	      seen.argument[5] == before.r9);
}

static void the_exit_gate_gives_every_register_and_flag_back(void)
{
	struct registers expected;

	for (verdict = 0; verdict >= -1; verdict--) { /* a fentry hook cannot be denied */
		call_exit_gate(GATE_x1_fentry);
		expect_clean_return();
	}
	verdict = 0;
	for (int i = 0; i < 16; i++) {
		call_exit_gate(exit_stubs[i]);
		expect_clean_return();
		expected = as_called(before.rsp - 8); /* the return address */
		CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
		CHECK(seen.return_address == (uint64_t)hook_return);
	}
}

static void the_exit_gate_denies_a_redirected_call(void)
{
	struct registers expected;

	verdict = -1;
	call_exit_gate(exit_stubs[5]);
	verdict = 0;
	expected = as_called(before.rsp - 8);
	expected.rsi = ~0ull;
	CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
}

/* ---- Filters --------------------------------------------------------------- */

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

static void call_exit_gate_with(uint64_t entry, const uint64_t *arguments)
{
	outside = true;
	call_gate_with(entry - GATE_EXIT_PAGE, arguments);
	outside = false;
}

static void a_filter_lets_only_wanted_numbers_and_strange_ones_call_the_gate(void)
{
	outside_gate = false;
	filters_decide(GATE_g1_filter_0, GATE_g1_filter_1, call_gate_with);
}

static void so_does_the_exit_gates(void)
{
	outside_gate = true;
	filters_decide(GATE_x1_filter_0, GATE_x1_filter_1, call_exit_gate_with);
	outside_gate = false;
}

static void a_filtered_call_can_be_denied(void)
{
	verdict = -1;
	call_gate_with(GATE_g1_filter_0, (uint64_t[]){ 7, 3 });
	verdict = 0;
	CHECK(calls == 1 && at_target.rdi == 7 && at_target.rsi == ~0ull);
}

/* ---- The last branch record ------------------------------------------------- */

#ifdef GATE_g2_gate_page
/* What the monitor takes the call for. */
static uint64_t called_from(uint64_t entry, uint64_t from, uint64_t to)
{
	branched_elsewhere = true;
	branch_from = from;
	branch_to = to;
	call_gate(entry);
	branched_elsewhere = false;
	/* forged or not, the caller gets everything back */
	expect_clean_return();
	return seen.return_address;
}

static void the_call_is_whose_the_last_branch_was(void)
{
	uint64_t hook = (uint64_t)hook_return - HOOK_LENGTH;
	const uint64_t entries[] = { GATE_g1_fentry, GATE_g1_call_stub_0, GATE_g1_call_stub_15 };

	for (int i = 0; i < 3; i++) {
		CHECK(called_from(entries[i], hook, GATE + entries[i]) == (uint64_t)hook_return);
		/* one byte off, another address with the same lower half, none */
		CHECK(called_from(entries[i], hook + 1, GATE + entries[i]) ==
		      (uint64_t)hook_return + 1);
		CHECK(called_from(entries[i], hook | 1ull << 32, GATE + entries[i]) ==
		      ((uint64_t)hook_return | 1ull << 32));
		CHECK(called_from(entries[i], 0, 0) == HOOK_LENGTH);
	}
}

static void one_that_led_elsewhere_names_no_hook(void)
{
	uint64_t hook = (uint64_t)hook_return - HOOK_LENGTH;

	for (int bit = 12; bit < 44; bit++)
		CHECK(called_from(GATE_g1_fentry, hook, (GATE + GATE_g1_fentry) ^ 1ull << bit) ==
		      HOOK_LENGTH);
	CHECK(called_from(GATE_g1_fentry, hook, GATE - 1) == HOOK_LENGTH);
	CHECK(called_from(GATE_g1_fentry, hook, GATE + PAGE) == HOOK_LENGTH);
}
#endif

/* ---- Stacks ---------------------------------------------------------------- */

static void it_takes_the_first_free_stack_and_gives_back_only_that(void)
{
	take_stacks(3);
	call_gate(GATE_g1_fentry);
	CHECK(seen_stack + sizeof(struct sim_call) == STACK_TOP(2));
	CHECK(seen.return_address == (uint64_t)hook_return);
	CHECK(seen_taken == 7);
	CHECK(stacks_taken() == 3);
	take_stacks(0);
}

static void *free_a_stack_later(void *argument)
{
	(void)argument;
	usleep(20000);
	take_stacks(0xb);
	return NULL;
}

static void it_gives_up_when_no_stack_comes_free(void)
{
	hostile = false;
	view = SIM;
	cr3 = GUEST_CR3;
	take_stacks(0xf);
	apply_world();
	wide = true;
	memset(wanted, 0, sizeof(wanted));
	wanted[REG_EFL] = 0x202;
	wanted[REG_RIP] = (greg_t)(GATE + PAGE);
	if (sigsetjmp(ended, 1) == 0)
		raise(SIGUSR1);
	CHECK(view == SIM && cr3 == SIM_CR3);
	CHECK(*(const uint8_t *)(at_end[REG_RIP] - 1) == 0xcc);
	CHECK(stacks_taken() == 0xf);
	take_stacks(0);
}

static void it_waits_while_every_stack_is_taken(void)
{
	pthread_t thread;

	take_stacks(0xf);
	CHECK(pthread_create(&thread, NULL, free_a_stack_later, NULL) == 0);
	call_gate(GATE_g1_fentry);
	pthread_join(thread, NULL);
	CHECK(seen_stack + sizeof(struct sim_call) == STACK_TOP(2));
	CHECK(seen.return_address == (uint64_t)hook_return);
	CHECK(stacks_taken() == 0xb);
	take_stacks(0);
}

/* ---- Jumps into the gate -------------------------------------------------- */

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

int main(int argc, char **argv)
{
	CHECK(argc == 4);
	build_machine(argv[1]);
	printf("The gate, run\n");
	TEST(a_fentry_hook_gets_every_register_and_flag_back);
	TEST(the_monitor_sees_the_call_as_the_hook_made_it);
	TEST(the_monitor_runs_on_an_aligned_stack_of_its_own_with_known_flags);
	TEST(a_fentry_hook_cannot_be_denied);
	TEST(a_redirected_call_goes_on_to_its_target_as_if_called_directly);
	TEST(a_denied_call_reaches_its_target_with_minus_one_as_second_argument);
	TEST(the_exit_gate_shows_the_call_as_the_hook_made_it);
	TEST(the_exit_gate_gives_every_register_and_flag_back);
	TEST(the_exit_gate_denies_a_redirected_call);
	TEST(a_filter_lets_only_wanted_numbers_and_strange_ones_call_the_gate);
	TEST(so_does_the_exit_gates);
	TEST(a_filtered_call_can_be_denied);
#ifdef GATE_g2_gate_page
	TEST(the_call_is_whose_the_last_branch_was);
	TEST(one_that_led_elsewhere_names_no_hook);
#endif
	TEST(it_takes_the_first_free_stack_and_gives_back_only_that);
	TEST(it_waits_while_every_stack_is_taken);
	TEST(it_gives_up_when_no_stack_comes_free);
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
	count_tests(argv[2], argv[3]);
	return 0;
}
