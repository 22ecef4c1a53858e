// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the guests of the tests and the benchmark do. Static, so that it runs beside busybox alone.
 *
 *   workload syscalls N [FIRST]
 *                         N times getppid(2), between two CPUID, after FIRST others: prints
 *                         `N calls, X ns each`
 *   workload latency N    N times getppid(2), each timed: prints `p50 X ns, p99 Y ns`
 *   workload forks N      N children that exit at once: prints `N forks, first pid A, last pid B`
 *   workload doors        one system call through each door: 64-bit, int 0x80, x32
 *   workload idle UID     waits for ever as that user
 *   workload breakpoints N
 *                         N times one thread puts INT3 into what another executes, and takes it
 *                         out again: prints `N breakpoints, X hit, Y of these after they were
 *                         taken out`
 *   workload kexec FILE   starts the kernel in FILE in this one's place, without its leave
 *   workload vmfunc       VMFUNC leaf 0, view 1, from user space
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * CPUID always leaves a guest for KVM (Intel SDM vol. 3C, 26.1.2): in a trace of exits, it says
 * where something begins.
 */
static void mark(void)
{
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
}

static int syscalls(long n, long first)
{
	uint64_t start, took;

	for (long i = 0; i < first; i++)
		syscall(SYS_getppid);
	mark();
	start = now();
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
	took = now() - start;
	mark();
	printf("%ld calls, %lu ns each\n", n, (unsigned long)(took / n));
	return 0;
}

static int latency(long n)
{
	uint64_t *took = calloc(n, sizeof(*took));

	if (!took)
		return 1;
	for (long i = 0; i < n; i++) {
		uint64_t start = now();

		syscall(SYS_getppid);
		took[i] = now() - start;
	}
	qsort(took, n, sizeof(*took), ascending);
	printf("p50 %lu ns, p99 %lu ns\n", (unsigned long)took[n / 2],
	       (unsigned long)took[n - 1 - n / 100]);
	free(took);
	return 0;
}

static int forks(long n)
{
	pid_t first = 0, last = 0;

	for (long i = 0; i < n; i++) {
		int status;

		last = fork();
		if (last < 0)
			return 1;
		if (last == 0)
			_exit(i & 127);
		if (!first)
			first = last;
		if (waitpid(last, &status, 0) != last || WEXITSTATUS(status) != (i & 127))
			return 1;
	}
	printf("%ld forks, first pid %d, last pid %d\n", n, first, last);
	return 0;
}

static int doors(void)
{
	long through_64 = syscall(SYS_getppid), through_32, x32;

	/* 64 is getppid for the 32-bit entry, and 110 with bit 30 set for x32. */
	asm volatile("int $0x80"
		     : "=a"(through_32)
		     : "a"(64L)
		     : "memory", "r8", "r9", "r10", "r11");
	asm volatile("syscall"
		     : "=a"(x32)
		     : "a"(0x40000000L | SYS_getppid)
		     : "memory", "rcx", "r11");
	printf("64-bit %ld, 32-bit %ld, x32 %ld\n", through_64, through_32, x32);
	return 0;
}

static int idle(long uid)
{
	if (setgid(uid) || setuid(uid)) {
		perror("workload: setuid");
		return 1;
	}
	for (;;)
		pause();
}

static int kexec(const char *name)
{
	static const char options[] = "console=ttyS0 panic=-1";
	int file = open(name, O_RDONLY);

	if (file < 0 || syscall(SYS_kexec_file_load, file, -1, sizeof(options), options,
				KEXEC_FILE_NO_INITRAMFS)) {
		perror("workload: kexec_file_load");
		return 1;
	}
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	perror("workload: reboot");
	return 1;
}

#define NOP 0x90
#define INT3 0xcc
#define RET 0xc3

/* One page, mapped to be written and to be executed, as Linux maps its text when it changes it. */
static volatile uint8_t *text;
static void (*volatile execute)(void);
static volatile unsigned long asked, answered, hit, stale;
static volatile bool taken_out;

static void on_breakpoint(int signal)
{
	(void)signal;
	hit++;
	if (taken_out)
		stale++;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *execute_always(void *nothing)
{
	unsigned long seen;

	run_on(1);
	for (;;) {
		seen = asked;
		/* CPUID serializes: what was written is executed from here (SDM vol. 3A, 9.1.3). */
		mark();
		answered = seen;
		for (int i = 0; i < 20; i++)
			execute();
	}
	return nothing;
}

/*
 * Returns when the other thread has serialized after what this one wrote, and has executed it
 * since.
 */
static void synchronize(void)
{
	for (int i = 0; i < 2; i++) {
		asked++;
		while (answered != asked)
			;
	}
}

static int breakpoints(long n)
{
	int file = memfd_create("text", 0);
	pthread_t thread;

	if (file < 0 || ftruncate(file, 4096)) {
		perror("workload: memfd_create");
		return 1;
	}
	text = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	execute = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
	if ((void *)text == MAP_FAILED || (void *)execute == MAP_FAILED) {
		perror("workload: mmap");
		return 1;
	}
	text[0] = NOP;
	text[1] = RET;
	signal(SIGTRAP, on_breakpoint);
	run_on(0);
	if (pthread_create(&thread, NULL, execute_always, NULL)) {
		perror("workload: pthread_create");
		return 1;
	}
	for (long i = 0; i < n; i++) {
		text[0] = INT3;
		for (volatile int wait = 0; wait < (i & 63); wait++)
			;
		text[0] = NOP;
		synchronize();
		taken_out = true;
		synchronize();
		taken_out = false;
	}
	printf("%ld breakpoints, %lu hit, %lu of these after they were taken out\n", n, hit, stale);
	return stale != 0;
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if ((argc == 3 || argc == 4) && n > 0 && !strcmp(argv[1], "syscalls"))
		return syscalls(n, argc == 4 ? strtol(argv[3], NULL, 10) : 0);
	if (argc == 3 && n > 0) {
		if (!strcmp(argv[1], "latency"))
			return latency(n);
		if (!strcmp(argv[1], "forks"))
			return forks(n);
		if (!strcmp(argv[1], "breakpoints"))
			return breakpoints(n);
		if (!strcmp(argv[1], "idle"))
			return idle(n);
	}
	if (argc == 3 && !strcmp(argv[1], "kexec"))
		return kexec(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "doors"))
		return doors();
	if (argc == 2 && !strcmp(argv[1], "vmfunc")) {
		asm volatile(".byte 0x0f, 0x01, 0xd4" : : "a"(0), "c"(1) : "memory");
		printf("VMFUNC returned\n");
		return 0;
	}
	fprintf(stderr, "workload syscalls N [FIRST], workload latency|forks|breakpoints N, "
			"workload idle UID, workload kexec FILE, workload doors|vmfunc\n");
	return 2;
}
