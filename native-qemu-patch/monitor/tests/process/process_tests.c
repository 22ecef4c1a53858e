/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sim-monitor-process, as the manager starts it and QEMU calls it. The test is
 * both, and the monitor in the process is a built one (probe.c) behind the built core.elf.
 *
 *	process-tests PROGRAM CORE.ELF PROBE.ELF
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "process_region.h"

#define CHECK(condition)                                                                       \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                               \
		}                                                                              \
	} while (0)
#define TEST(function)                          \
	do {                                    \
		function();                     \
		printf("ok   %s\n", #function); \
		fflush(stdout);                 \
	} while (0)

/* How long anything here may take, in seconds. */
#define PATIENCE 10

static const char *program, *core, *monitor;
static struct test_region region;
static char said[4096]; /* what the last process wrote to its standard streams */

/* Starts the program; returns when it serves or has ended, which the end of its streams tells. */
static pid_t start(char *const words[])
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

static pid_t start_served(pid_t qemu)
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

static int wait_end(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

static void stop(pid_t child)
{
	CHECK(kill(child, SIGKILL) == 0);
	wait_end(child);
}

static void fresh(void)
{
	region = test_region_make(core, monitor);
}

/* Makes a call as a vCPU of QEMU does; false if no answer came in `seconds`. */
static bool call_slot(unsigned index, const struct sim_call *call, int seconds)
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

static struct sim_call probe(uint64_t verdict, uint64_t what)
{
	return (struct sim_call){ .guest_cr3 = 0x1000,
				  .current_task = PAGE_OFFSET + TASK_GPA,
				  .return_address = HOOK_RETURN,
				  .argument = { verdict, what } };
}

static void it_says_that_it_serves_and_is_silent(void)
{
	pid_t child;

	fresh();
	child = start_served(getpid());
	CHECK(said[0] == '\0');
	CHECK(region.channel->process == (uint32_t)child);
	stop(child);
}

static void a_call_comes_back_with_the_handlers_verdict(void)
{
	struct sim_call call = probe((uint64_t)-13, PROBE_NOTHING), unknown = call;
	pid_t child;

	fresh();
	child = start_served(getpid());
	CHECK(call_slot(0, &call, PATIENCE));
	CHECK((int32_t)region.channel->slots[0].verdict == -13);
	unknown.return_address++;
	CHECK(call_slot(1, &unknown, PATIENCE));
	CHECK(region.channel->slots[1].verdict == 0);
	CHECK(region.ring->calls == 2 && region.ring->unknown_calls == 1);
	stop(child);
}

static void a_monitor_reads_the_guest_and_writes_events(void)
{
	struct sim_call call = probe(0, PROBE_EMIT);
	const struct sim_event *event;
	pid_t child;

	fresh();
	child = start_served(getpid());
	CHECK(call_slot(0, &call, PATIENCE));
	event = (const struct sim_event *)((const uint8_t *)region.ring + SIM_PAGE_SIZE);
	CHECK(event->size == sizeof(*event) && event->type == SIM_EVENT_MONITOR_FIRST);
	CHECK(event->subject.task == PAGE_OFFSET + TASK_GPA &&
	      event->subject.pid == (int32_t)TASK_PID);
	CHECK(region.channel->slots[0].flags == 0);
	stop(child);
}

static void it_tells_once_that_the_rings_reader_is_to_be_woken(void)
{
	struct sim_call call = probe(0, PROBE_EMIT);
	pid_t child;

	fresh();
	child = start_served(getpid());
	region.ring->reader_sleeps = 1;
	CHECK(call_slot(0, &call, PATIENCE));
	CHECK(region.channel->slots[0].flags == SIM_CALL_RING);
	CHECK(region.ring->reader_sleeps == 0);
	CHECK(call_slot(0, &call, PATIENCE));
	CHECK(region.channel->slots[0].flags == 0);
	stop(child);
}

#define CALLS_EACH 20000

static void *vcpu(void *argument)
{
	unsigned index = (unsigned)(uintptr_t)argument;

	for (uint32_t i = 0; i < CALLS_EACH; i++) {
		struct sim_call call =
			probe(index * CALLS_EACH + i, i % 64 ? PROBE_NOTHING : PROBE_EMIT);

		CHECK(call_slot(index, &call, PATIENCE));
		CHECK(region.channel->slots[index].verdict == index * CALLS_EACH + i);
	}
	return NULL;
}

static void two_vcpus_call_at_once_and_each_gets_its_own_answer(void)
{
	pthread_t threads[2];
	pid_t child;

	fresh();
	child = start_served(getpid());
	for (uintptr_t i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, vcpu, (void *)i) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CHECK(region.ring->calls == 2 * CALLS_EACH);
	CHECK(region.ring->next_sequence == 2 * ((CALLS_EACH + 63) / 64));
	stop(child);
}

static void it_takes_over_a_call_that_its_predecessor_was_in(void)
{
	pid_t child;

	fresh();
	region.channel->slots[1].call = probe(7, PROBE_NOTHING);
	region.channel->slots[1].state = SIM_CALL_RUNNING;
	child = start_served(getpid());
	for (int i = 0; i < PATIENCE * 1000 && __atomic_load_n(&region.channel->slots[1].state,
							       __ATOMIC_ACQUIRE) != SIM_CALL_DONE;
	     i++)
		usleep(1000);
	CHECK(region.channel->slots[1].state == SIM_CALL_DONE &&
	      region.channel->slots[1].verdict == 7);
	stop(child);
}

static void it_ends_when_qemu_is_killed(void)
{
	pid_t qemu = fork(), child;
	int status;

	if (qemu == 0) {
		pause();
		_exit(0);
	}
	fresh();
	child = start_served(qemu);
	CHECK(region.channel->process == (uint32_t)child);
	CHECK(waitpid(child, &status, WNOHANG) == 0);
	stop(qemu);
	alarm(PATIENCE);
	status = wait_end(child);
	alarm(0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What a monitor that was taken over would try; `signal` is what ends the process. */
static void expect_killed(uint64_t what, int signal)
{
	struct sim_call call = probe(0, what);
	pid_t child;
	int status;

	fresh();
	child = start_served(getpid());
	CHECK(!call_slot(0, &call, 1));
	status = wait_end(child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal);
	CHECK(!WCOREDUMP(status));
}

static void a_monitor_cannot_write_guest_memory_or_its_configuration(void)
{
	expect_killed(PROBE_WRITE_GUEST, SIGSEGV);
	expect_killed(PROBE_WRITE_CONFIG, SIGSEGV);
	CHECK(region.ram[SIM_PAGE_SIZE] == 0);
}

static void nor_ask_the_host_for_anything(void)
{
	expect_killed(PROBE_OPEN_FILE, SIGSYS);
}

static void it_has_given_up_its_rights(void)
{
	char path[64], text[4096];
	FILE *file;
	pid_t child;
	unsigned seen = 0;

	fresh();
	child = start_served(getpid());
	snprintf(path, sizeof(path), "/proc/%d/status", child);
	file = fopen(path, "r");
	CHECK(file);
	while (fgets(text, sizeof(text), file)) {
		seen += !strcmp(text, "CapEff:\t0000000000000000\n");
		seen += !strcmp(text, "CapPrm:\t0000000000000000\n");
		seen += !strcmp(text, "NoNewPrivs:\t1\n");
		seen += !strcmp(text, "Seccomp:\t2\n");
	}
	fclose(file);
	CHECK(seen == 4);
	stop(child);
}

static void a_ring_full_of_nonsense_does_not_stop_it(void)
{
	struct sim_call call = probe(5, PROBE_EMIT);
	unsigned seed = 1;
	pid_t child;

	fresh();
	child = start_served(getpid());
	for (int round = 0; round < 200; round++) {
		uint64_t *words = (uint64_t *)region.ring;

		for (size_t i = 0; i < SIM_PAGE_SIZE / sizeof(*words); i++)
			words[i] = (uint64_t)rand_r(&seed) << (rand_r(&seed) % 33);
		region.ring->head =
			region.ring->tail + (uint64_t)rand_r(&seed) % RING_CAPACITY / 8 * 8;
		CHECK(call_slot(0, &call, PATIENCE));
		CHECK(region.channel->slots[0].verdict == 5);
	}
	stop(child);
}

/* One clear line, status 1, and no trace of a server. */
static void expect_refused(pid_t child, const char *with)
{
	int status = wait_end(child);
	const char *line_end = strchr(said, '\n');

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	CHECK(line_end && line_end[1] == '\0');
	if (!strstr(said, with)) {
		fprintf(stderr, "FAILED: said '%s', without '%s'\n", said, with);
		exit(1);
	}
	CHECK(region.channel->process == 0);
}

static void a_damaged_region_is_one_clear_line(void)
{
	fresh();
	region.header->magic[0] = 'X';
	expect_refused(start_served(getpid()), "is no region");
	fresh();
	region.header->abi = 1;
	expect_refused(start_served(getpid()), "of version 1, this program of version 2");
	fresh();
	region.header->gate = SIM_GATE_VMFUNC;
	expect_refused(start_served(getpid()), "for gate 0");
	fresh();
	region.header->segment_count = 65;
	expect_refused(start_served(getpid()), "65 segments");
	fresh();
	region.header->channel = REGION_SIZE - SIM_PAGE_SIZE;
	expect_refused(start_served(getpid()), "call channel");
	fresh();
	region.header->segments[2].offset = ~0xfffull;
	expect_refused(start_served(getpid()), "segment 2 is not in the file");
	fresh();
	region.header->segments[2].gpa = 0x400000; /* where the program itself lies */
	expect_refused(start_served(getpid()), "outside of what the monitor's process may use");
	fresh();
	region.header->segments[2].gpa = region.header->segments[1].gpa;
	expect_refused(start_served(getpid()), "something else lies there");
	fresh();
	region.header->segments[1].access = 7;
	expect_refused(start_served(getpid()), "has access 7");
	fresh();
	region.header->segments[1].view = SIM_VIEW_SIM;
	expect_refused(start_served(getpid()), "of view 2");
	fresh();
	region.dispatch = 0x1e0000000000; /* the ring: no code */
	expect_refused(start_served(getpid()), "in no executable segment");
	fresh();
	region.channel->slot_count = 65;
	expect_refused(start_served(getpid()), "65 slots");
}

/* Random words in the header: either it serves, or it says why not. */
static void any_header_ends_in_service_or_in_a_line(void)
{
	unsigned seed = 7, served = 0, refused = 0;

	for (int round = 0; round < 300; round++) {
		uint64_t *words;
		pid_t child;

		if (round % 25 == 0)
			fresh();
		region.channel->process = 0;
		words = (uint64_t *)region.bytes;
		for (int change = 0; change < 2; change++) {
			size_t at = 1 + (size_t)rand_r(&seed) %
						(8 + 4 * region.header->segment_count % 64);
			uint64_t before = words[at];
			int status;

			words[at] = rand_r(&seed) % 2 ?
					    before ^ 1ull << rand_r(&seed) % 64 :
					    (uint64_t)rand_r(&seed) << rand_r(&seed) % 33;
			child = start_served(getpid());
			if (region.channel->process) {
				CHECK(waitpid(child, &status, WNOHANG) == 0);
				stop(child);
				served++;
			} else {
				expect_refused(child, "sim-monitor-process: ");
				refused++;
			}
			region.channel->process = 0;
			words[at] = before;
		}
	}
	printf("     %u served, %u refused\n", served, refused);
	CHECK(served && refused);
}

static void wrong_arguments_are_one_clear_line(void)
{
	char *const none[] = { "sim-monitor-process", NULL };
	char *const unknown[] = { "sim-monitor-process", "--speed", "1", NULL };
	char *const valueless[] = { "sim-monitor-process", "--region", NULL };
	char *const word[] = { "sim-monitor-process", "--dispatch", "here", NULL };
	char *const ram[] = { "sim-monitor-process", "--ram", "0x0:0x1000:0x0:", NULL };
	char *const odd[] = { "sim-monitor-process", "--ram", "0x1:0x1000:0x0:/f", NULL };
	char *const missing[] = { "sim-monitor-process", "--region",
				  "/nowhere/region",     "--dispatch",
				  "0x110000000800",      "--direct-map",
				  "0x2a0000000000",      "--ram",
				  "0x0:0x1000:0x0:/f",   NULL };

	fresh();
	expect_refused(start(none), "are needed");
	expect_refused(start(unknown), "unknown option --speed");
	expect_refused(start(valueless), "--region: its value is missing");
	expect_refused(start(word), "--dispatch here: not a number");
	expect_refused(start(ram), "no path");
	expect_refused(start(odd), "whole pages");
	expect_refused(start(missing),
		       "/nowhere/region can't be opened: No such file or directory");
}

int main(int argc, char **argv)
{
	CHECK(argc == 4);
	program = argv[1];
	core = argv[2];
	monitor = argv[3];
	signal(SIGALRM, SIG_DFL);
	printf("The monitor's process\n");
	TEST(it_says_that_it_serves_and_is_silent);
	TEST(a_call_comes_back_with_the_handlers_verdict);
	TEST(a_monitor_reads_the_guest_and_writes_events);
	TEST(it_tells_once_that_the_rings_reader_is_to_be_woken);
	TEST(two_vcpus_call_at_once_and_each_gets_its_own_answer);
	TEST(it_takes_over_a_call_that_its_predecessor_was_in);
	TEST(it_ends_when_qemu_is_killed);
	TEST(a_monitor_cannot_write_guest_memory_or_its_configuration);
	TEST(nor_ask_the_host_for_anything);
	TEST(it_has_given_up_its_rights);
	TEST(a_ring_full_of_nonsense_does_not_stop_it);
	TEST(a_damaged_region_is_one_clear_line);
	TEST(any_header_ends_in_service_or_in_a_line);
	TEST(wrong_arguments_are_one_clear_line);
	return 0;
}
