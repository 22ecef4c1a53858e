/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The producers' side of the ring, against a consumer that keeps to sim_abi.h. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "guest.h"

static void fill_texts(struct sim_texts *texts, uint32_t size)
{
	sim_texts_open(texts);
	texts->count = 1;
	texts->size = size;
	for (uint32_t i = 0; i < size; i++)
		texts->bytes[i] = (uint8_t)(size + i);
}

static bool emit(uint16_t type, uint32_t id, uint32_t text_size)
{
	struct sim_texts texts, *with = text_size ? &texts : NULL;
	struct sim_hook hook = { .id = id };
	struct sim_call call = { .current_task = text_size };
	struct sim_memory memory;
	struct sim_event *event;

	sim_memory_open(&memory, 0);
	fill_texts(&texts, text_size);
	event = sim_event_reserve(&call, &hook, &memory, type, sizeof(*event), with);
	if (!event)
		return false;
	event->tsc = ((uint64_t)id << 32) | text_size;
	sim_event_commit(event, sizeof(*event), with);
	return true;
}

/* Whole, and only what its producer wrote. */
static void expect_intact(const struct sim_event *event)
{
	uint32_t text_size = (uint32_t)event->tsc;
	const uint8_t *bytes = (const uint8_t *)(event + 1);

	CHECK_EQUAL(event->hook, event->tsc >> 32);
	CHECK_EQUAL((sizeof(*event) + text_size + 7) & ~7ull, event->size);
	for (uint32_t i = 0; i < text_size; i++)
		CHECK_EQUAL((uint8_t)(text_size + i), bytes[i]);
	for (uint32_t i = text_size; i < event->size - sizeof(*event); i++)
		CHECK_EQUAL(0, bytes[i]);
}

static void a_record_is_padded_to_8_bytes_and_numbered(void)
{
	guest_reset(4, 4096);
	for (uint32_t i = 0; i < 3; i++) {
		struct sim_event *event;

		CHECK(emit(SIM_EVENT_SYSCALL, i, i));
		event = next_event();
		CHECK(event);
		expect_intact(event);
		CHECK_EQUAL(i, event->sequence);
		CHECK_EQUAL(SIM_EVENT_SYSCALL, event->type);
		free(event);
	}
	CHECK(!next_event());
}

static void a_record_that_would_cross_the_end_starts_anew(void)
{
	guest_reset(4, 4096);
	for (uint32_t i = 0; i < 5000; i++) {
		struct sim_event *event;

		CHECK(emit(SIM_EVENT_EXEC, i, i % 1000));
		event = next_event();
		CHECK(event);
		expect_intact(event);
		CHECK_EQUAL(i, event->sequence);
		free(event);
	}
	CHECK_EQUAL(0, ring()->dropped[SIM_EVENT_EXEC]);
}

static void a_full_ring_counts_what_it_drops_and_the_gap_shows_it(void)
{
	unsigned fit = 0;
	struct sim_event *event;

	guest_reset(4, 4096);
	while (emit(SIM_EVENT_FORK, fit, 0))
		fit++;
	CHECK_EQUAL(4096 / 88, fit);
	CHECK(!emit(SIM_EVENT_EXIT, 0, 0));
	CHECK(!emit(SIM_EVENT_EXIT, 0, 0));
	CHECK_EQUAL(1, ring()->dropped[SIM_EVENT_FORK]);
	CHECK_EQUAL(2, ring()->dropped[SIM_EVENT_EXIT]);
	for (unsigned i = 0; i < fit; i++) {
		event = next_event();
		CHECK(event && event->sequence == i);
		free(event);
	}
	CHECK(emit(SIM_EVENT_SYSCALL, 7, 8));
	event = next_event();
	CHECK(event);
	expect_intact(event);
	CHECK_EQUAL(fit + 3, event->sequence);
	free(event);
}

static void life_cycle_events_can_fill_a_ring_to_the_last_byte(void)
{
	guest_reset(4, 4096);
	CHECK(emit(SIM_EVENT_EXEC, 1, 2048 - 88));
	CHECK(emit(SIM_EVENT_FORK, 2, 2048 - 88));
	CHECK_EQUAL(4096, ring()->head);
	CHECK(!emit(SIM_EVENT_EXIT, 3, 0));
	free(next_event());
	CHECK(emit(SIM_EVENT_EXIT, 4, 2048 - 88));
	free(next_event());
	free(next_event());
	CHECK(!next_event());
	CHECK_EQUAL(ring()->head, ring()->tail);
}

/* Whatever floods the ring, system calls or a third party's events. */
static void a_flood_leaves_life_cycle_events_their_share(void)
{
	static const uint16_t floods[] = { SIM_EVENT_SYSCALL, SIM_EVENT_MONITOR_FIRST,
					   SIM_EVENT_TYPES - 1 };

	for (size_t i = 0; i < sizeof(floods) / sizeof(*floods); i++) {
		uint64_t share = 16384 / 8 / 88;

		guest_reset(4, 16384);
		while (emit(floods[i], 0, 0))
			;
		CHECK(ring()->head <= 16384 - 16384 / 8 && ring()->head > 16384 - 16384 / 8 - 88);
		for (uint64_t n = 0; n < share; n++) {
			CHECK(emit((uint16_t)(SIM_EVENT_FORK + n % 3), 0, 0));
			CHECK(!emit(floods[i], 0, 0));
		}
		/* what the reader takes goes to life-cycle events until they need no more */
		free(next_event());
		CHECK(!emit(floods[i], 0, 0));
		CHECK(emit(SIM_EVENT_FORK, 0, 0));
		CHECK_EQUAL(2 + share, ring()->dropped[floods[i]]);
		CHECK_EQUAL(0, ring()->dropped[SIM_EVENT_FORK] + ring()->dropped[SIM_EVENT_EXEC] +
				       ring()->dropped[SIM_EVENT_EXIT]);
	}
}

static void a_record_larger_than_the_ring_is_dropped(void)
{
	guest_reset(4, 1024);
	CHECK(!emit(SIM_EVENT_EXEC, 0, 2000));
	CHECK_EQUAL(1, ring()->dropped[SIM_EVENT_EXEC]);
	CHECK_EQUAL(0, ring()->head);
}

static void the_doorbell_rings_once_for_a_reader_that_sleeps(void)
{
	guest_reset(4, 4096);
	CHECK(emit(SIM_EVENT_EXIT, 0, 0));
	CHECK_EQUAL(0, doorbells);
	ring()->reader_sleeps = 1;
	CHECK(emit(SIM_EVENT_EXIT, 0, 0));
	CHECK(emit(SIM_EVENT_EXIT, 0, 0));
	CHECK_EQUAL(1, doorbells);
	CHECK_EQUAL(0, ring()->reader_sleeps);
}

static void a_full_ring_wakes_a_reader_that_sleeps(void)
{
	guest_reset(4, 4096);
	while (emit(SIM_EVENT_EXIT, 0, 0))
		;
	ring()->reader_sleeps = 1;
	CHECK(!emit(SIM_EVENT_EXIT, 0, 0));
	CHECK_EQUAL(1, doorbells);
}

#define PRODUCERS 4
#define EVENTS_EACH 100000

static unsigned running;

static void *produce(void *argument)
{
	uint32_t producer = (uint32_t)(uintptr_t)argument;

	uint64_t tail = __atomic_load_n(&ring()->tail, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < EVENTS_EACH; i++) {
		emit((uint16_t)(1 + producer), i, (i * 37 + producer * 11) % 300);
		if (i % 64)
			continue;
		/* The ring is often full, yet the reader goes on, whenever the host lets it run. */
		while (__atomic_load_n(&ring()->tail, __ATOMIC_ACQUIRE) == tail &&
		       __atomic_load_n(&ring()->head, __ATOMIC_ACQUIRE) != tail)
			sched_yield();
		tail = __atomic_load_n(&ring()->tail, __ATOMIC_ACQUIRE);
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void many_producers_lose_nothing_that_is_not_counted(void)
{
	pthread_t threads[PRODUCERS];
	uint64_t received[PRODUCERS] = { 0 };
	int64_t last[PRODUCERS];
	uint8_t *seen = calloc(PRODUCERS, EVENTS_EACH);
	uint64_t dropped = 0, total = 0;

	guest_reset(4, 16384);
	/* positions beyond 32 bits */
	ring()->head = ring()->tail = 0xffffe000ull;
	running = PRODUCERS;
	for (uintptr_t i = 0; i < PRODUCERS; i++) {
		last[i] = -1;
		CHECK(pthread_create(&threads[i], NULL, produce, (void *)i) == 0);
	}
	for (;;) {
		bool over = __atomic_load_n(&running, __ATOMIC_SEQ_CST) == 0;
		struct sim_event *event = next_event();

		if (!event) {
			if (over)
				break;
			sched_yield();
			continue;
		}
		expect_intact(event);
		CHECK(event->type >= 1 && event->type <= PRODUCERS);
		/* one producer's records stay in order */
		CHECK((int64_t)event->hook > last[event->type - 1]);
		last[event->type - 1] = event->hook;
		received[event->type - 1]++;
		CHECK(event->sequence < PRODUCERS * EVENTS_EACH);
		CHECK_EQUAL(0, seen[event->sequence]);
		seen[event->sequence] = 1;
		free(event);
	}
	for (int i = 0; i < PRODUCERS; i++) {
		pthread_join(threads[i], NULL);
		CHECK_EQUAL(EVENTS_EACH, received[i] + ring()->dropped[1 + i]);
		dropped += ring()->dropped[1 + i];
		total += received[i];
	}
	CHECK_EQUAL(PRODUCERS * EVENTS_EACH, ring()->next_sequence);
	CHECK_EQUAL(ring()->head, ring()->tail);
	CHECK(ring()->head > 1ull << 32);
	printf("     %llu received, %llu dropped and counted\n", (unsigned long long)total,
	       (unsigned long long)dropped);
	CHECK(total > PRODUCERS * 100);
	free(seen);
}

void ring_tests(void)
{
	printf("The event ring\n");
	TEST(a_record_is_padded_to_8_bytes_and_numbered);
	TEST(a_record_that_would_cross_the_end_starts_anew);
	TEST(a_full_ring_counts_what_it_drops_and_the_gap_shows_it);
	TEST(life_cycle_events_can_fill_a_ring_to_the_last_byte);
	TEST(a_flood_leaves_life_cycle_events_their_share);
	TEST(a_record_larger_than_the_ring_is_dropped);
	TEST(the_doorbell_rings_once_for_a_reader_that_sleeps);
	TEST(a_full_ring_wakes_a_reader_that_sleeps);
	TEST(many_producers_lose_nothing_that_is_not_counted);
}
