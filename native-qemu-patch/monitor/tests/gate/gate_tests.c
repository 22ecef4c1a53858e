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

static const uint64_t stubs[16] = OF_EACH_STUB(GATE_g1_call_stub_);

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

static const uint64_t exit_stubs[16] = OF_EACH_STUB(GATE_x1_call_stub_);

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
	filter_tests();
#ifdef GATE_g2_gate_page
	TEST(the_call_is_whose_the_last_branch_was);
	TEST(one_that_led_elsewhere_names_no_hook);
#endif
	TEST(it_takes_the_first_free_stack_and_gives_back_only_that);
	TEST(it_waits_while_every_stack_is_taken);
	TEST(it_gives_up_when_no_stack_comes_free);
	landing_tests();
	count_tests(argv[2], argv[3]);
	return 0;
}
