/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory, by guest-virtual address: a walk of the guest's page tables in software. Nothing
 * here faults, whatever the address, the tables or their root hold: what isn't mapped, or isn't
 * RAM, reads as "no". Pages in the guest's own direct map are found without a walk.
 *
 * Two reads of the same bytes may differ, since other vCPUs write. Read once, check the copy, use
 * the copy.
 *
 * sim_fields.h has what reads single numbers and the fields of structures.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include "sim_declarations.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define SIM_LIKELY(condition) __builtin_expect(!!(condition), 1)

SIM_SLOT_DECLARE(sim_slot_config);

/* What the host has set up for this boot. */
static inline const struct sim_config *sim_config(void)
{
	return (const struct sim_config *)sim_slot_config;
}

/* Where the SIM view shows guest RAM. */
static __always_inline const uint8_t *sim_ram(const struct sim_config *config, uint64_t gpa)
{
	const uint8_t *bytes = (const uint8_t *)(config->direct_map + gpa);

	if (!bytes) /* saves callers that check for NULL the check */
		__builtin_unreachable();
	return bytes;
}

#define SIM_TRANSLATIONS 4

/* The translation of a page that this call has used. */
struct sim_translation {
	uint64_t page;        /* guest-virtual, or SIM_MISSING */
	const uint8_t *bytes; /* the same page in the SIM view */
};

/* An address space. Good for one call of the monitor: the guest changes its page tables. */
struct sim_memory {
	uint64_t root; /* guest-physical address of the top page table, in bits 12-51 */
	struct sim_translation translations[SIM_TRANSLATIONS]; /* direct-mapped, by page number */
};

/* Makes `memory` the address space of this CR3 value. */
static inline void sim_memory_open(struct sim_memory *memory, uint64_t cr3)
{
	memory->root = cr3;
#pragma GCC unroll 4
	for (uint32_t i = 0; i < SIM_TRANSLATIONS; i++)
		memory->translations[i].page = SIM_MISSING;
}

/* Copies `size` bytes from the guest; false, and `to` all zeros, if any can't be read. */
_Bool sim_read(struct sim_memory *memory, uint64_t address, void *to, uint64_t size);

/*
 * Copies the bytes before the first NUL, at most `limit`, and returns how many there were. Adds to
 * `flags` SIM_EVENT_TRUNCATED if no NUL came within the limit, SIM_EVENT_UNREADABLE if readable
 * memory ended first (what came before is still copied). Bytes of `to` beyond those returned, up to
 * `limit`, are undefined.
 */
uint32_t sim_read_string(struct sim_memory *memory, uint64_t address, uint8_t *to, uint32_t limit,
			 uint16_t *flags);

/* Translates a pointer into the guest's direct map to guest-physical; false if it is none. */
_Bool sim_direct_map_address(uint64_t address, uint64_t *gpa);

/* `size` bytes that are contiguous in the SIM view too; NULL if they aren't, or can't be read. */
const uint8_t *sim_find(struct sim_memory *memory, uint64_t address, uint64_t size);

typedef uint64_t __attribute__((may_alias, aligned(1))) sim_unaligned_u64;
typedef uint32_t __attribute__((may_alias, aligned(1))) sim_unaligned_u32;
typedef uint16_t __attribute__((may_alias, aligned(1))) sim_unaligned_u16;

/*
 * One load of 4 or 8 bytes, little-endian, which the compiler neither repeats nor splits: another
 * vCPU may write there. (Like a volatile access, but with any addressing mode.)
 */
static __always_inline uint64_t sim_load(const uint8_t *at, uint64_t size)
{
	uint64_t value;

	if (size == 8)
		__asm__ volatile("mov %1, %0" : "=r"(value) : "m"(*(const sim_unaligned_u64 *)at));
	else
		__asm__ volatile("mov %1, %k0" : "=r"(value) : "m"(*(const sim_unaligned_u32 *)at));
	return value;
}

#endif
