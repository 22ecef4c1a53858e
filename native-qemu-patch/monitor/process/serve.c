/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serves the call channel; the protocol is told in sim_abi.h. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

/* A monitor is made for a stack of 16 KiB. */
#define STACK_SIZE (256u << 10)

static struct region serving;
static pthread_barrier_t started; /* the C library has set up each thread */
static uint32_t begun;            /* a futex: 1 when the threads may go */

static void futex_wait(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void futex_wake(uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* Whether the ring's reader sleeps; from now on it counts as woken. */
static bool reader_to_wake(struct sim_ring *ring)
{
	/*
	 * The reader says that it sleeps, then looks once more: the record must be visible first.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&ring->reader_sleeps, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&ring->reader_sleeps, 0, __ATOMIC_SEQ_CST) == 1;
}

/* Answers the slot if it asks and no other thread has taken it. */
static bool answer(struct sim_call_slot *slot)
{
	uint32_t requested = SIM_CALL_REQUESTED;
	struct sim_call call;

	if (__atomic_load_n(&slot->state, __ATOMIC_RELAXED) != SIM_CALL_REQUESTED ||
	    !__atomic_compare_exchange_n(&slot->state, &requested, SIM_CALL_RUNNING, 0,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	call = slot->call;
	slot->verdict = (uint32_t)serving.dispatch(&call);
	slot->flags = reader_to_wake(serving.ring) ? SIM_CALL_RING : 0;
	__atomic_store_n(&slot->state, SIM_CALL_DONE, __ATOMIC_RELEASE);
	futex_wake(&slot->state, 1);
	return true;
}

static void *serve(void *argument)
{
	struct sim_channel *channel = serving.channel;

	pthread_barrier_wait(&started);
	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		futex_wait(&begun, 0);
	for (;;) {
		/*
		 * Read before the slots: a request that comes while they are looked at lets the
		 * wait return at once.
		 */
		uint32_t requests = __atomic_load_n(&channel->requests, __ATOMIC_ACQUIRE);
		bool found = false;

		for (uint32_t i = 0; i < serving.slot_count; i++)
			found |= answer(&channel->slots[i]);
		if (!found)
			futex_wait(&channel->requests, requests);
	}
	return argument;
}

void serve_prepare(const struct region *region)
{
	pthread_attr_t attributes;
	cpu_set_t cpus;
	unsigned count = 1;

	serving = *region;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		count = (unsigned)CPU_COUNT(&cpus);
	if (count > serving.slot_count)
		count = serving.slot_count;
	if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, STACK_SIZE) ||
	    pthread_barrier_init(&started, NULL, count + 1))
		fail("threads can't be prepared");
	for (unsigned i = 0; i < count; i++) {
		pthread_t thread;
		int error = pthread_create(&thread, &attributes, serve, NULL);

		if (error)
			fail("thread %u of %u can't be started: %s", i + 1, count, strerror(error));
	}
	/* From here on none of them makes a system call that confine() forbids. */
	pthread_barrier_wait(&started);
}

void serve_begin(void)
{
	struct sim_channel *channel = serving.channel;

	for (uint32_t i = 0; i < serving.slot_count; i++) {
		uint32_t running = SIM_CALL_RUNNING;

		__atomic_compare_exchange_n(&channel->slots[i].state, &running, SIM_CALL_REQUESTED,
					    0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&channel->process, (uint32_t)getpid(), __ATOMIC_RELEASE);
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	futex_wake(&begun, INT_MAX);
}
