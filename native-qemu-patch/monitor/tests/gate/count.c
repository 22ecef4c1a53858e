/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many instructions a call of the null monitor takes, from the hook's call to the instruction
 * after it: the built gate with the built dispatcher and monitor, one step at a time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook_table.h"
#include "machine.h"

#define MOST_INSTRUCTIONS 90
/* With a filter's own. */
#ifdef GATE_g2_gate_page
#define MOST_FILTERED 96
#else
#define MOST_FILTERED 90
#endif

#define CORE 0x5d1a23451000ull
#define NULL_MONITOR 0x5e2b34562000ull
#define FILE_PAGES 16

static struct sim_config config;
static uint8_t ring_page[SIM_PAGE_SIZE] __attribute__((aligned(SIM_PAGE_SIZE)));

static void load_flat(const char *path, uint64_t address)
{
	int file = open(path, O_RDONLY);

	CHECK(file >= 0);
	CHECK(mmap((void *)address, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)address);
	CHECK(read(file, (void *)address, FILE_PAGES * PAGE) > 0);
	close(file);
}

static const uint64_t *filter_arguments;

static bool counted(uint64_t at)
{
	return at == (uint64_t)hook_call || at - GATE < 2 * PAGE || at - CORE < FILE_PAGES * PAGE ||
	       at - NULL_MONITOR < FILE_PAGES * PAGE;
}

/* Steps through a child's call; the world's changes, which signals make, are not the gate's. */
static unsigned step_through(pid_t child)
{
	unsigned count = 0;
	int status, signal = 0;
	bool called = false;

	for (;;) {
		uint64_t at;

		CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)(intptr_t)signal) == 0);
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(WIFSTOPPED(status));
		signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		errno = 0;
		at = (uint64_t)ptrace(PTRACE_PEEKUSER, child,
				      (void *)offsetof(struct user, regs.rip), NULL);
		CHECK(!errno);
		called |= at == (uint64_t)hook_call;
		if (at == (uint64_t)hook_return)
			break;
		/* a stop for a signal is at an instruction that was counted before */
		if (called && !signal && counted(at))
			count++;
	}
	CHECK(ptrace(PTRACE_CONT, child, NULL, (void *)(intptr_t)SIGKILL) == 0);
	CHECK(waitpid(child, &status, 0) == child);
	return count;
}

static unsigned instructions_of(uint64_t entry)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (!child) {
		CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
		stepped = true;
		raise(SIGSTOP);
		call_gate_with(entry, filter_arguments);
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	return step_through(child);
}

static void a_call_of_the_null_monitor_takes_at_most_90_instructions(void)
{
	unsigned fentry = instructions_of(GATE_g1_fentry),
		 redirected = instructions_of(GATE_g1_call_stub_7);

	printf("     fentry hook: %u instructions; redirected call, without its target: %u\n",
	       fentry, redirected);
	CHECK(fentry > 60 && fentry <= MOST_INSTRUCTIONS);
	CHECK(redirected > 60 && redirected <= MOST_INSTRUCTIONS);
}

static void a_filtered_call_takes_at_most_10(void)
{
	unsigned spared, made;
	const uint64_t arguments[2][2] = { { 0, 4 }, { 0, 3 } };

	filter_arguments = arguments[0];
	spared = instructions_of(GATE_g1_filter_0);
	filter_arguments = arguments[1];
	made = instructions_of(GATE_g1_filter_0);
	filter_arguments = NULL;
	printf("     spared: %u instructions; wanted: %u\n", spared, made);
	CHECK(spared >= 5 && spared <= 10);
	CHECK(made <= MOST_FILTERED);
}

static void and_reaches_the_real_dispatcher_and_monitor(void)
{
	struct sim_ring *ring = (struct sim_ring *)ring_page;

	memset(ring, 0, sizeof(*ring));
	call_gate(GATE_g1_fentry);
	CHECK(ring->calls == 1 && ring->unknown_calls == 0);
	for (int i = 0; i < SIM_HOOK_SLOTS; i++)
		config.hooks[i].return_address += 1;
	call_gate(GATE_g1_fentry);
	CHECK(ring->calls == 2 && ring->unknown_calls == 1);
}

void count_tests(const char *core, const char *null)
{
	const struct sim_hook hook = { .return_address = (uint64_t)hook_return,
				       .handler = NULL_MONITOR + GATE_null_on_getppid,
				       .id = 1 };

	load_flat(core, CORE);
	load_flat(null, NULL_MONITOR);
	config.ring = (uint64_t)ring_page;
	hook_table_fill(&config, &hook, 1);
	*(uint64_t *)(CORE + GATE_core_sim_slot_config) = (uint64_t)&config;
	set_dispatch(CORE + GATE_core_sim_dispatch);
	printf("The gate, counted\n");
	TEST(a_call_of_the_null_monitor_takes_at_most_90_instructions);
	TEST(a_filtered_call_takes_at_most_10);
	TEST(and_reaches_the_real_dispatcher_and_monitor);
}
