/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The producer's side of the event ring; the protocol is told in sim_abi.h.
 */
#include "sdk.h"

static void wake_reader(struct sim_ring *ring, uint16_t port)
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

_Bool sim_emit(struct sim_event *event, uint32_t size, const struct sim_texts *texts)
{
	const struct sim_config *config = sim_config();
	struct sim_ring *ring = (struct sim_ring *)config->ring;
	uint8_t *data = (uint8_t *)config->ring + SIM_PAGE_SIZE;
	uint64_t capacity = config->ring_capacity;
	uint32_t text_size = texts ? texts->size : 0;
	uint32_t used = size + text_size;
	uint32_t whole = (used + 7) & ~7u;
	uint64_t position;
	uint8_t *record;

	if (texts)
		event->flags |= texts->flags;
	event->size = whole;
	event->sequence = __atomic_fetch_add(&ring->next_sequence, 1, __ATOMIC_RELAXED);

	position = reserve(ring, data, capacity, whole);
	if (position == SIM_MISSING) {
		__atomic_fetch_add(&ring->dropped[event->type % SIM_EVENT_TYPES], 1, __ATOMIC_RELAXED);
		wake_reader(ring, (uint16_t)config->doorbell_port);
		return 0;
	}
	record = data + (position & (capacity - 1));
	memcpy(record + sizeof(event->size), (const uint8_t *)event + sizeof(event->size), size - sizeof(event->size));
	if (texts)
		memcpy(record + size, texts->bytes, text_size);
	memset(record + used, 0, whole - used);
	__atomic_store_n((uint32_t *)record, whole, __ATOMIC_RELEASE);
	wake_reader(ring, (uint16_t)config->doorbell_port);
	return 1;
}
