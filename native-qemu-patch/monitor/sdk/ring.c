/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The producer's side of the event ring; the protocol is told in sim_abi.h.
 */
#include "sdk.h"

/* What of an event is copied as it stands: all from the time on. */
#define COPIED offsetof(struct sim_event, tsc)
_Static_assert(COPIED == 16, "size, type, flags and sequence come before");

static inline void wake_reader(struct sim_ring *ring, uint16_t port)
{
	/* Whoever called the monitor looks at reader_sleeps himself. */
	if (!port)
		return;
	/*
	 * The reader says that it sleeps, then looks at the ring once more. The
	 * record must be visible before its word is read, or both miss each other.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->reader_sleeps, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&ring->reader_sleeps, 0, __ATOMIC_SEQ_CST) == 1)
		sim_ring_doorbell(port);
}

/*
 * Reserves `size` bytes that don't cross the end of the data and returns their
 * position, or SIM_MISSING if they don't fit. What is skipped for that is padded.
 */
static __attribute__((noinline)) uint64_t reserve_anywhere(struct sim_ring *ring, uint8_t *data, uint64_t capacity, uint32_t size)
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
		if (pad + size > capacity - (head - tail))
			return SIM_MISSING;
		if (!__atomic_compare_exchange_n(&ring->head, &head, head + pad + size, 0, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
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

/*
 * The same, where there is nothing to pad and no one else reserves. (If tail is newer than head the sum may be
 * anything, but others have moved head on then.)
 */
static inline uint64_t reserve(struct sim_ring *ring, uint8_t *data, uint64_t capacity, uint32_t size)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	if (__builtin_expect((head & (capacity - 1)) + size <= capacity && head + size - tail <= capacity &&
				     __atomic_compare_exchange_n(&ring->head, &head, head + size, 0, __ATOMIC_ACQ_REL,
								 __ATOMIC_RELAXED), 1))
		return head;
	return reserve_anywhere(ring, data, capacity, size);
}

static __attribute__((noinline)) _Bool drop(struct sim_ring *ring, const struct sim_event *event, uint16_t port)
{
	__atomic_fetch_add(&ring->dropped[event->type % SIM_EVENT_TYPES], 1, __ATOMIC_RELAXED);
	wake_reader(ring, port);
	return 0;
}

_Bool sim_emit(struct sim_event *event, uint32_t size, struct sim_texts *texts)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint8_t *data = (uint8_t *)config->ring + SIM_PAGE_SIZE, *record;
	uint64_t capacity = config->ring_capacity, sequence, position;
	uint16_t port = (uint16_t)config->doorbell_port, flags = event->flags;
	uint32_t text_size = 0;

	if (texts) {
		flags |= texts->flags;
		text_size = texts->size;
		/* The zeros that pad the record to eight bytes. */
		*(sim_unaligned_u64 *)(texts->bytes + text_size) = 0;
		text_size = (text_size + 7) & ~7u;
	}
	sequence = __atomic_fetch_add(&ring->next_sequence, 1, __ATOMIC_RELAXED);
	position = reserve(ring, data, capacity, size + text_size);
	if (position == SIM_MISSING)
		return drop(ring, event, port);
	record = data + (position & (capacity - 1));
	((struct sim_event *)record)->type = event->type;
	((struct sim_event *)record)->flags = flags;
	((struct sim_event *)record)->sequence = sequence;
	copy_words(record + COPIED, (const uint8_t *)event + COPIED, size - COPIED);
	if (text_size)
		copy_words(record + size, texts->bytes, text_size);
	__atomic_store_n((uint32_t *)record, size + text_size, __ATOMIC_RELEASE);
	wake_reader(ring, port);
	return 1;
}
