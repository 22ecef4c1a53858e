/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The producer's side of the event ring; the protocol is told in sim_abi.h.
 */
#include "sdk.h"

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
static uint64_t reserve(struct sim_ring *ring, uint8_t *data, uint64_t capacity, uint32_t size)
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

/* Fills in what is the ring's of a record's head. */
static inline uint8_t *begin(uint8_t *data, uint64_t offset, const struct sim_event *event,
			     uint16_t flags, uint64_t sequence)
{
	struct sim_event *record = (struct sim_event *)(data + offset);

	record->type = event->type;
	record->flags = flags;
	record->sequence = sequence;
	return (uint8_t *)record;
}

static __attribute__((noinline)) uint8_t *begin_anywhere(const struct sim_event *event,
							 uint32_t size, uint16_t flags,
							 uint64_t sequence)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint8_t *data = (uint8_t *)ring + SIM_PAGE_SIZE;
	uint64_t position = reserve(ring, data, config->ring_capacity, size);

	if (position == SIM_MISSING) {
		__atomic_fetch_add(&ring->dropped[event->type % SIM_EVENT_TYPES], 1,
				   __ATOMIC_RELAXED);
		wake_reader(ring, (uint16_t)config->doorbell_port);
		return 0;
	}
	return begin(data, position & (config->ring_capacity - 1), event, flags, sequence);
}

static inline uint32_t size_of(const struct sim_texts *texts)
{
	return (texts->size + 7) & ~7u;
}

/*
 * The way of nearly all events: nothing to pad, and no one else reserves at the same time. (If tail
 * is newer than head, what is compared with the capacity may be anything; but then others have
 * moved head on.)
 */
uint8_t *sim_ring_begin(const struct sim_event *event, uint32_t size, struct sim_texts *texts)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint64_t capacity = config->ring_capacity, sequence, head, tail, offset;
	uint16_t flags = event->flags;

	if (texts) {
		flags |= texts->flags;
		size += size_of(texts);
		/* The zeros that pad the record to eight bytes. */
		*(sim_unaligned_u64 *)(texts->bytes + texts->size) = 0;
	}
	sequence = __atomic_fetch_add(&ring->next_sequence, 1, __ATOMIC_RELAXED);
	head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	offset = head & (capacity - 1);
	if (offset + size <= capacity && head + size - tail <= capacity &&
	    __atomic_compare_exchange_n(&ring->head, &head, head + size, 0, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		return begin((uint8_t *)ring + SIM_PAGE_SIZE, offset, event, flags, sequence);
	return begin_anywhere(event, size, flags, sequence);
}

void sim_ring_end(uint8_t *record, uint32_t size, const struct sim_texts *texts)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint16_t port = (uint16_t)config->doorbell_port;

	if (texts) {
		copy_words(record + size, texts->bytes, size_of(texts));
		size += size_of(texts);
	}
	__atomic_store_n((uint32_t *)record, size, __ATOMIC_RELEASE);
	wake_reader(ring, port);
}
