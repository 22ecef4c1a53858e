/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of events before they go into the ring: built on the stack, so
 * that the ring holds a record for no longer than a copy takes.
 */
#include "sim_event.h"
#include "sim_fields.h"

#define LENGTH_SIZE 2

/* How many bytes the next text may have; SIM_MISSING if there is no room for even an empty one. */
static uint64_t room(struct sim_texts *texts)
{
	if (texts->size + LENGTH_SIZE > SIM_TEXTS_SIZE) {
		texts->flags |= SIM_EVENT_TRUNCATED;
		return SIM_MISSING;
	}
	return SIM_TEXTS_SIZE - LENGTH_SIZE - texts->size;
}

/* The bytes of the next text are in place; gives it its length. */
static void close_text(struct sim_texts *texts, uint32_t length)
{
	*(sim_unaligned_u16 *)(texts->bytes + texts->size) = (uint16_t)length;
	texts->size += LENGTH_SIZE + length;
	texts->count++;
}

/* Adds a string and tells how long it was in the guest, up to the limit. */
static inline _Bool add_string(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
			       uint32_t limit, uint32_t *length, uint16_t *flags)
{
	uint64_t free = room(texts);

	*length = 0;
	*flags = 0;
	if (free == SIM_MISSING)
		return 0;
	if (limit > free)
		limit = (uint32_t)free;
	*length = sim_read_string(memory, address, texts->bytes + texts->size + LENGTH_SIZE, limit,
				  flags);
	texts->flags |= *flags;
	close_text(texts, *length);
	return 1;
}

inline _Bool sim_texts_string(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
			      uint32_t limit)
{
	uint32_t length;
	uint16_t flags;

	return add_string(texts, memory, address, limit, &length, &flags);
}

_Bool sim_texts_bytes(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		      uint64_t size, uint32_t limit)
{
	uint64_t free = room(texts);

	if (free == SIM_MISSING)
		return 0;
	if (limit > free)
		limit = (uint32_t)free;
	if (size > limit) {
		size = limit;
		texts->flags |= SIM_EVENT_TRUNCATED;
	}
	if (!sim_read(memory, address, texts->bytes + texts->size + LENGTH_SIZE, size)) {
		size = 0;
		texts->flags |= SIM_EVENT_UNREADABLE;
	}
	close_text(texts, (uint32_t)size);
	return 1;
}

void sim_texts_array(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		     uint32_t pointer_size, uint32_t limit, uint32_t maximum)
{
	for (uint32_t i = 0;; i++) {
		uint64_t at = address + (uint64_t)i * pointer_size, string;

		if (!sim_read_number(memory, at, pointer_size, &string)) {
			texts->flags |= SIM_EVENT_UNREADABLE;
			return;
		}
		if (string == 0)
			return;
		if (i == maximum) {
			texts->flags |= SIM_EVENT_TRUNCATED;
			return;
		}
		if (!sim_texts_string(texts, memory, string, limit))
			return;
	}
}

/* Skips to behind the next NUL, within `bound` bytes. */
static _Bool skip_string(struct sim_memory *memory, uint64_t *address, uint32_t bound)
{
	uint8_t bytes[64];

	while (bound) {
		uint16_t flags = 0;
		uint32_t limit = bound < sizeof(bytes) ? bound : (uint32_t)sizeof(bytes);
		uint32_t length = sim_read_string(memory, *address, bytes, limit, &flags);

		*address += length;
		bound -= length;
		if (flags & SIM_EVENT_UNREADABLE)
			return 0;
		if (!(flags & SIM_EVENT_TRUNCATED)) {
			*address += 1;
			return 1;
		}
	}
	return 0;
}

void sim_texts_sequence(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
			uint64_t count, uint32_t limit, uint32_t maximum)
{
	if (count > maximum) {
		count = maximum;
		texts->flags |= SIM_EVENT_TRUNCATED;
	}
	for (uint64_t i = 0; i < count; i++) {
		uint32_t length;
		uint16_t flags;

		if (!add_string(texts, memory, address, limit, &length, &flags) ||
		    flags & SIM_EVENT_UNREADABLE)
			return;
		address += length;
		if (!(flags & SIM_EVENT_TRUNCATED))
			address += 1;
		else if (!skip_string(memory, &address, 16 * SIM_PAGE_SIZE))
			return;
	}
}
