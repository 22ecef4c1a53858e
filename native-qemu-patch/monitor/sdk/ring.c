/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The producers' side of the event ring; sim_abi.h describes the protocol. */
#include "sdk.h"
#include "sim_event.h"

static inline void wake_reader(struct sim_ring *ring, uint16_t port)
{
	/* Whoever called the monitor checks reader_sleeps itself. */
	if (!port)
		return;
	/*
	 * The reader says that it sleeps, then looks at the ring once more. The record must be
	 * visible before its word is read, or both miss each other.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->reader_sleeps, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&ring->reader_sleeps, 0, __ATOMIC_SEQ_CST) == 1)
		sim_ring_doorbell(port);
}

/* The bytes of the ring that events of this type may fill. */
static inline uint64_t share_of(uint16_t type, uint64_t capacity)
{
	return SIM_EVENT_IS_LIFE_CYCLE(type) ? capacity : SIM_RING_SHARE(capacity);
}

/*
 * Reserves `size` bytes that don't cross the end of the data, and returns their position, or
 * SIM_MISSING if the share has no room for them. Skipped bytes become padding.
 */
static uint64_t reserve(struct sim_ring *ring, uint8_t *data, uint64_t capacity, uint64_t share,
			uint32_t size)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);

	for (;;) {
		uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
		uint64_t offset = head & (capacity - 1);
		uint64_t pad = offset + size > capacity ? capacity - offset : 0;

		if (head - tail > capacity) {
			/* tail is newer than head: others have moved on */
			head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
			continue;
		}
		if (head - tail + pad + size > share)
			return SIM_MISSING;
		if (!__atomic_compare_exchange_n(&ring->head, &head, head + pad + size, 0,
						 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		if (pad) {
			struct sim_event *filler = (struct sim_event *)(data + offset);

			filler->type = SIM_EVENT_PAD;
			filler->flags = 0;
			__atomic_store_n(&filler->size, (uint32_t)pad, __ATOMIC_RELEASE);
		}
		return head + pad;
	}
}

static noinline uint64_t reserve_slowly(uint16_t type, uint32_t size)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint64_t capacity = config->ring_capacity;
	uint64_t position = reserve(ring, (uint8_t *)ring + SIM_PAGE_SIZE, capacity,
				    share_of(type, capacity), size);

	if (position == SIM_MISSING) {
		__atomic_fetch_add(&ring->dropped[type % SIM_EVENT_TYPES], 1, __ATOMIC_RELAXED);
		wake_reader(ring, (uint16_t)config->doorbell_port);
	}
	return position;
}

static inline uint32_t size_of(const struct sim_texts *texts)
{
	return (texts->size + 7) & ~7u;
}

inline void *sim_event_reserve(const struct sim_call *call, const struct sim_hook *hook,
			       struct sim_memory *memory, uint16_t type, uint32_t size,
			       struct sim_texts *texts)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint64_t capacity = config->ring_capacity, sequence, head, tail;
	struct sim_event *event;
	uint16_t flags = 0;

	if (texts) {
		flags = texts->flags;
		size += size_of(texts);
		/* The zeros that pad the record to eight bytes. */
		*(sim_unaligned_u64 *)(texts->bytes + texts->size) = 0;
	}
	sequence = __atomic_fetch_add(&ring->next_sequence, 1, __ATOMIC_RELAXED);
	head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	/*
	 * Nearly all events are reserved here: nothing to pad, room in the share of all types, and
	 * no other producer at the same time. (If tail is newer than head, what is compared with
	 * the share may be anything; but then others have moved head, and the exchange fails.)
	 */
	if (!SIM_LIKELY((head & (capacity - 1)) + size <= capacity &&
			head + size - tail <= SIM_RING_SHARE(capacity) &&
			__atomic_compare_exchange_n(&ring->head, &head, head + size, 0,
						    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))) {
		head = reserve_slowly(type, size);
		if (head == SIM_MISSING)
			return 0;
	}
	/* Zeros so far: the reader leaves them. */
	event = (struct sim_event *)((uint8_t *)ring + SIM_PAGE_SIZE + (head & (capacity - 1)));
	event->type = type;
	event->sequence = sequence;
	event->tsc = __builtin_ia32_rdtsc();
	event->monitor = hook->monitor;
	event->hook = hook->id;
	event->flags = flags | sim_read_subject(memory, call->current_task, &event->subject);
	return event;
}

inline void sim_event_commit(void *event, uint32_t size, const struct sim_texts *texts)
{
	const struct sim_config *config = sim_config();

	if (texts) {
		copy_words((uint8_t *)event + size, texts->bytes, size_of(texts));
		size += size_of(texts);
	}
	__atomic_store_n(&((struct sim_event *)event)->size, size, __ATOMIC_RELEASE);
	wake_reader((struct sim_ring *)config->ring, (uint16_t)config->doorbell_port);
}
