/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: a monitor collects an event's texts, reserves its record in the ring, fills in what is
 * the monitor's own and commits it.
 */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include "sim_memory.h"

#define SIM_TEXTS_SIZE 4096

/* The texts of one event, as the ring holds them. */
struct sim_texts {
	uint32_t count;
	uint32_t size;                     /* bytes used */
	uint16_t flags;                    /* SIM_EVENT_TRUNCATED, SIM_EVENT_UNREADABLE */
	uint8_t bytes[SIM_TEXTS_SIZE + 8]; /* the last eight are sim_event_reserve's */
};

static inline void sim_texts_open(struct sim_texts *texts)
{
	texts->count = 0;
	texts->size = 0;
	texts->flags = 0;
}

/* Adds the string at `address`, cut to `limit` bytes. False if there was no room. */
_Bool sim_texts_string(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		       uint32_t limit);

/* Adds the `size` bytes at `address`, cut to `limit`. False if there was no room. */
_Bool sim_texts_bytes(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		      uint64_t size, uint32_t limit);

/*
 * Adds the strings that an array of pointers at `address` points to, up to its null pointer: as
 * many as fit, at most `maximum`. `pointer_size` is 4 or 8.
 */
void sim_texts_array(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
		     uint32_t pointer_size, uint32_t limit, uint32_t maximum);

/* Adds `count` consecutive NUL-terminated strings: as many as fit, at most `maximum`. */
void sim_texts_sequence(struct sim_texts *texts, struct sim_memory *memory, uint64_t address,
			uint64_t count, uint32_t limit, uint32_t maximum);

/*
 * Fills `subject`, which must be all zeros, from the task_struct at `task`. Everything in it is the
 * guest's claim. Returns SIM_EVENT_UNREADABLE if anything could not be read, and is 0, else 0.
 */
uint16_t sim_read_subject(struct sim_memory *memory, uint64_t task, struct sim_subject *subject);

/*
 * Reserves an event in the ring, with type, flags, sequence number, time, monitor, hook and subject
 * (the current task) filled in, and the rest zeros. `size`: of its structure; `texts` may be NULL,
 * and must not change until the event is committed. NULL if the ring has no room for an event of
 * this type: it is then counted as dropped.
 *
 * The reader waits for a reserved event until it is committed: do nothing slow in between.
 */
void *sim_event_reserve(const struct sim_call *call, const struct sim_hook *hook,
			struct sim_memory *memory, uint16_t type, uint32_t size,
			struct sim_texts *texts);

/* Adds the texts, hands the event to the reader and wakes it if it sleeps. */
void sim_event_commit(void *event, uint32_t size, const struct sim_texts *texts);

#endif
