/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hook-latency HOOK XML RUNS: starts the hook RUNS times as libvirt does, and after each time a
 * program that does nothing; prints the hook's p50 and p99 and the other program's p50, all in
 * microseconds. The two take turns, so that whatever else the machine does slows down both.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int ascending(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

/* Microseconds from the start of the program to its end; -1 unless it exits with status 0. */
static long run(char **argv, const char *input)
{
	posix_spawn_file_actions_t actions;
	struct timespec before, after;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || status)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &after);
	posix_spawn_file_actions_destroy(&actions);
	return (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
}

int main(int argc, char **argv)
{
	int runs = argc == 4 ? atoi(argv[3]) : 0;
	long *with_hook = calloc((size_t)runs + 1, sizeof(long));
	long *without = calloc((size_t)runs + 1, sizeof(long));

	if (runs < 1)
		return 2;
	for (int i = 0; i < runs; i++) {
		char *hook[] = { argv[1], "demo", "prepare", "begin", "-", NULL };
		char *nothing[] = { "/bin/true", NULL };

		with_hook[i] = run(hook, argv[2]);
		without[i] = run(nothing, argv[2]);
		if (with_hook[i] < 0 || without[i] < 0)
			return 1;
	}
	qsort(with_hook, (size_t)runs, sizeof(long), ascending);
	qsort(without, (size_t)runs, sizeof(long), ascending);
	printf("%ld %ld %ld\n", with_hook[runs / 2], with_hook[runs - 1 - runs / 100],
	       without[runs / 2]);
	return 0;
}
