// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the benchmark lets a guest do, and what it took. Static, so that it runs beside busybox
 * alone.
 *
 *   measure ROUNDS calls N          N times getppid(2)
 *   measure ROUNDS opens N          N times open(2) of a file that is not there
 *   measure ROUNDS spawns N         N times fork, exec of `busybox true`, wait
 *   measure ROUNDS walk FOLDER      lstat of each file below FOLDER; open, read, close of each that
 *                                   is regular
 *   measure ROUNDS run COMMAND...   fork, exec of COMMAND, wait
 *   measure tree FOLDER             makes the tree for `walk`, and measures nothing: 32 folders of
 *                                   32 files, each of 512 bytes in 8 lines
 *
 * When all rounds are over, it prints one line for each: `NAME TICKS NANOSECONDS`. TICKS is what
 * the time stamp counter advanced: in an emulated CPU, one for each instruction that this CPU
 * retired, whoever it was that ran; in a real one, cycles of its constant clock. One round more,
 * the first, warms up and is not printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS_MAXIMUM 100
#define TREE_FOLDERS 32
#define TREE_FILES 32
#define TREE_FILE_SIZE 512
#define TREE_LINE 64

static void die(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void calls(long n)
{
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
}

static void opens(long n)
{
	for (long i = 0; i < n; i++) {
		if (open("/tmp/not-there", O_RDONLY) >= 0)
			die("/tmp/not-there");
	}
}

static void run(char **command)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0) {
		execv(command[0], command);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	if (status) {
		fprintf(stderr, "measure: %s ended with status 0x%x\n", command[0],
			(unsigned int)status);
		exit(1);
	}
}

static void spawns(long n)
{
	char *command[] = { "/bin/busybox", "true", NULL };

	for (long i = 0; i < n; i++)
		run(command);
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
	char data[4096];
	int file;

	(void)status;
	(void)ftw;
	if (kind != FTW_F)
		return 0;
	file = open(path, O_RDONLY);
	if (file < 0)
		die(path);
	while (read(file, data, sizeof(data)) > 0)
		;
	close(file);
	return 0;
}

static void walk(const char *folder)
{
	if (nftw(folder, visit, 16, FTW_PHYS))
		die(folder);
}

static int make_tree(const char *folder)
{
	char path[256], data[TREE_FILE_SIZE];

	memset(data, 'x', sizeof(data));
	for (int i = TREE_LINE - 1; i < TREE_FILE_SIZE; i += TREE_LINE)
		data[i] = '\n';
	if (mkdir(folder, 0755))
		die(folder);
	for (int i = 0; i < TREE_FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s/folder-%d", folder, i);
		if (mkdir(path, 0755))
			die(path);
		for (int j = 0; j < TREE_FILES; j++) {
			int file;

			snprintf(path, sizeof(path), "%s/folder-%d/file-%d", folder, i, j);
			file = open(path, O_WRONLY | O_CREAT, 0644);
			if (file < 0 || write(file, data, sizeof(data)) != sizeof(data))
				die(path);
			close(file);
		}
	}
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "measure ROUNDS calls|opens|spawns N, measure ROUNDS walk FOLDER, "
			"measure ROUNDS run COMMAND..., measure tree FOLDER\n");
	return 2;
}

int main(int argc, char **argv)
{
	static uint64_t ticks[ROUNDS_MAXIMUM + 1], nanoseconds[ROUNDS_MAXIMUM + 1];
	const char *name;
	long rounds, n;

	if (argc == 3 && !strcmp(argv[1], "tree"))
		return make_tree(argv[2]);
	if (argc < 4)
		return usage();
	rounds = strtol(argv[1], NULL, 10);
	name = argv[2];
	n = strtol(argv[3], NULL, 10);
	if (rounds < 1 || rounds > ROUNDS_MAXIMUM)
		return usage();
	for (long round = 0; round <= rounds; round++) {
		uint64_t start = now(), first = __rdtsc();

		if (!strcmp(name, "calls"))
			calls(n);
		else if (!strcmp(name, "opens"))
			opens(n);
		else if (!strcmp(name, "spawns"))
			spawns(n);
		else if (!strcmp(name, "walk"))
			walk(argv[3]);
		else if (!strcmp(name, "run"))
			run(argv + 3);
		else
			return usage();
		ticks[round] = __rdtsc() - first;
		nanoseconds[round] = now() - start;
	}
	for (long round = 1; round <= rounds; round++)
		printf("%s %llu %llu\n", name, (unsigned long long)ticks[round],
		       (unsigned long long)nanoseconds[round]);
	return 0;
}
