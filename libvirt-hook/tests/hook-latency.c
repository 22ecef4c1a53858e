/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hook-latency HOOK XML RUNS: starts the hook RUNS times as libvirt does; prints p50 and p99 in microseconds. */
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

int main(int argc, char **argv)
{
	int runs = argc == 4 ? atoi(argv[3]) : 0;
	long *microseconds = calloc((size_t)runs + 1, sizeof(long));

	if (runs < 1)
		return 2;
	for (int i = 0; i < runs; i++) {
		char *hook[] = { argv[1], "demo", "prepare", "begin", "-", NULL };
		posix_spawn_file_actions_t actions;
		struct timespec before, after;
		int status;
		pid_t pid;

		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_addopen(&actions, 0, argv[2], O_RDONLY, 0);
		clock_gettime(CLOCK_MONOTONIC, &before);
		if (posix_spawn(&pid, hook[0], &actions, NULL, hook, environ) || waitpid(pid, &status, 0) != pid || status)
			return 1;
		clock_gettime(CLOCK_MONOTONIC, &after);
		posix_spawn_file_actions_destroy(&actions);
		microseconds[i] = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
	}
	qsort(microseconds, (size_t)runs, sizeof(long), ascending);
	printf("%ld %ld\n", microseconds[runs / 2], microseconds[runs - 1 - runs / 100]);
	return 0;
}
