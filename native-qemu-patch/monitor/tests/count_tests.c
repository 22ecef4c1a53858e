/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many instructions an event takes, in a build with the monitors' own options, one step at a
 * time: handler and library. The gate and the dispatcher, which tests/gate counts, are some 80
 * more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* Of the linker: the program's own code, without that of libc. */
extern const char __executable_start[], etext[];

/* In a child: twice to touch everything, and a third time between two stops. */
static unsigned instructions_of(void (*call)(void))
{
	pid_t child = fork();
	unsigned count = 0;
	int status;

	CHECK(child >= 0);
	if (!child) {
		CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
		call();
		call();
		raise(SIGSTOP);
		call();
		raise(SIGSTOP);
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
	      WSTOPSIG(status) == SIGSTOP);
	for (;;) {
		uint64_t at;

		CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
		CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP)
			break;
		errno = 0;
		at = (uint64_t)ptrace(PTRACE_PEEKUSER, child,
				      (void *)offsetof(struct user, regs.rip), NULL);
		CHECK(!errno);
		count += at >= (uintptr_t)__executable_start && at < (uintptr_t)etext;
	}
	kill(child, SIGKILL);
	CHECK(waitpid(child, &status, 0) == child);
	return count;
}

static void expect_at_most(unsigned most, const char *what, void (*prepare)(void),
			   void (*call)(void))
{
	unsigned count;

	prepare();
	count = instructions_of(call);
	printf("     %s: %u instructions\n", what, count);
	CHECK(count > 100 && count <= most);
}

static void an_event_takes_few_instructions(void)
{
	expect_at_most(640, "open, path of 27 bytes", prepare_open, call_open);
	expect_at_most(260, "fork", prepare_fork, call_fork);
	expect_at_most(170, "exit", prepare_fork, call_exit);
}

void count_tests(void)
{
	printf("Events, counted\n");
	TEST(an_event_takes_few_instructions);
}
