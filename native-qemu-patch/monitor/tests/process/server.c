/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

static const char *program, *core, *monitor;
struct test_region region;
char said[4096];

void server_use(const char *program_path, const char *core_path, const char *monitor_path)
{
	program = program_path;
	core = core_path;
	monitor = monitor_path;
}

pid_t start(char *const words[])
{
	int pipe_ends[2];
	size_t length = 0;
	ssize_t part;
	pid_t child;

	CHECK(pipe(pipe_ends) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		dup2(pipe_ends[1], STDIN_FILENO);
		dup2(pipe_ends[1], STDOUT_FILENO);
		dup2(pipe_ends[1], STDERR_FILENO);
		close(pipe_ends[0]);
		close(pipe_ends[1]);
		execv(program, words);
		_exit(127);
	}
	close(pipe_ends[1]);
	while ((part = read(pipe_ends[0], said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)part;
	said[length] = '\0';
	close(pipe_ends[0]);
	return child;
}

pid_t start_served(pid_t qemu)
{
	char dispatch[32], ram[128], process[16];
	char *words[] = { "sim-monitor-process",
			  "--region",
			  region.path,
			  "--dispatch",
			  dispatch,
			  "--direct-map",
			  "0x2a0000000000",
			  "--ram",
			  ram,
			  "--qemu",
			  process,
			  NULL };

	snprintf(dispatch, sizeof(dispatch), "0x%llx", (unsigned long long)region.dispatch);
	snprintf(ram, sizeof(ram), "0x0:0x%llx:0x0:%s", (unsigned long long)RAM_SIZE,
		 region.ram_path);
	snprintf(process, sizeof(process), "%d", qemu);
	return start(words);
}

int wait_end(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

void stop(pid_t child)
{
	CHECK(kill(child, SIGKILL) == 0);
	wait_end(child);
}

void fresh(void)
{
	region = test_region_make(core, monitor);
}

bool call_slot(unsigned index, const struct sim_call *call, int seconds)
{
	struct sim_call_slot *slot = &region.channel->slots[index];
	struct timespec limit = { .tv_sec = seconds };
	uint32_t state;

	slot->call = *call;
	__atomic_store_n(&slot->state, SIM_CALL_REQUESTED, __ATOMIC_RELEASE);
	__atomic_add_fetch(&region.channel->requests, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &region.channel->requests, FUTEX_WAKE, 1, NULL, NULL, 0);
	while ((state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE)) != SIM_CALL_DONE)
		if (syscall(SYS_futex, &slot->state, FUTEX_WAIT, state, &limit, NULL, 0) &&
		    __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == state)
			return false;
	__atomic_store_n(&slot->state, SIM_CALL_IDLE, __ATOMIC_RELAXED);
	return true;
}
