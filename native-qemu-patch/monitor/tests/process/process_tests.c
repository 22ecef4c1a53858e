/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sim-monitor-process, as the manager starts it and QEMU calls it. The test is
 * both, and the monitor in the process is a built one (probe.c) behind the built core.elf.
 *
 *	process-tests PROGRAM CORE.ELF PROBE.ELF
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "server.h"

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
	CHECK(call_slot(0, &call, TIMEOUT));
	CHECK((int32_t)region.channel->slots[0].verdict == -13);
	unknown.return_address++;
	CHECK(call_slot(1, &unknown, TIMEOUT));
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
	CHECK(call_slot(0, &call, TIMEOUT));
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
	CHECK(call_slot(0, &call, TIMEOUT));
	CHECK(region.channel->slots[0].flags == SIM_CALL_RING);
	CHECK(region.ring->reader_sleeps == 0);
	CHECK(call_slot(0, &call, TIMEOUT));
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

		CHECK(call_slot(index, &call, TIMEOUT));
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
	for (int i = 0; i < TIMEOUT * 1000 && __atomic_load_n(&region.channel->slots[1].state,
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
	alarm(TIMEOUT);
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
		CHECK(call_slot(0, &call, TIMEOUT));
		CHECK(region.channel->slots[0].verdict == 5);
	}
	stop(child);
}

int main(int argc, char **argv)
{
	CHECK(argc == 4);
	server_use(argv[1], argv[2], argv[3]);
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
	refusal_tests();
	return 0;
}
