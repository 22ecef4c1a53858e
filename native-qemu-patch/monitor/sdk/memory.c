/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory, read by a walk of the guest's page tables over the private
 * direct map. Intel SDM vol. 3A, 4.5 "4-level paging and 5-level paging".
 *
 * Every address that comes from the guest is checked against the RAM ranges
 * before it is used, so no value in the guest's tables makes the monitor touch
 * anything but guest RAM.
 */
#include "sdk.h"

#define ENTRY_PRESENT 1ull
#define ENTRY_PAGE_SIZE (1ull << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define INDEX_MASK 0xff8ull /* of an entry's offset in its table */

#define PAGE_MASK (~(uint64_t)(SIM_PAGE_SIZE - 1))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)

/* As ram_page, for the ranges behind the first. */
static __attribute__((noinline)) const uint8_t *ram_page_elsewhere(const struct sim_config *config,
								   uint64_t gpa)
{
#ifdef SIM_WEAK_BOUNDS /* only for a control of ../testbed/attack */
	if (gpa < 1ull << 52)
		return (const uint8_t *)(config->direct_map + gpa);
#endif
	for (uint32_t i = 1; i < config->ram_range_count && i < SIM_MAX_RAM_RANGES; i++) {
		if (gpa - config->ram[i].gpa < config->ram[i].size)
			return (const uint8_t *)(config->direct_map + gpa);
	}
	return 0;
}

/*
 * Where the SIM view shows the page at `gpa`, a multiple of the page size as the ranges' ends are;
 * NULL if it is no RAM.
 */
static inline const uint8_t *ram_page(const struct sim_config *config, uint64_t gpa)
{
	if (LIKELY(gpa - config->ram[0].gpa < config->ram[0].size))
		return (const uint8_t *)(config->direct_map + gpa);
	return ram_page_elsewhere(config, gpa);
}

_Bool sim_direct_map_address(uint64_t address, uint64_t *gpa)
{
	const struct sim_config *config = sim_config();

	*gpa = address - config->page_offset;
	return address >= config->page_offset && ram_page(config, *gpa & PAGE_MASK) != 0;
}

static inline _Bool canonical(uint64_t address, uint32_t bits)
{
	return (uint64_t)((int64_t)(address << (64 - bits)) >> (64 - bits)) == address;
}

/*
 * The bits that tell kinds of entries apart; ENTRY_PRESENT is turned, so that only of an entry that
 * leads on both are 0.
 */
#define ENTRY_ENDS (ENTRY_PRESENT | ENTRY_PAGE_SIZE)

/*
 * The entry for `page` in the table that `above` leads to, ENTRY_PRESENT turned; ENTRY_PRESENT
 * alone if that is no RAM.
 */
static inline __attribute__((always_inline)) uint64_t entry_below(const struct sim_config *config,
								  uint64_t above, uint64_t page,
								  uint32_t shift)
{
	uint64_t gpa = above & ENTRY_ADDRESS;
	const uint8_t *table;

	if (LIKELY(gpa - config->ram[0].gpa < config->ram[0].size)) {
		table = (const uint8_t *)(config->direct_map + gpa);
	} else {
		table = ram_page_elsewhere(config, gpa);
		if (!table)
			return ENTRY_PRESENT;
	}
	return sim_load_u64(table + (page >> (shift - 3) & INDEX_MASK)) ^ ENTRY_PRESENT;
}

/* The part of a large page, of 1 << shift bytes, that shows `page`. */
static const uint8_t *large_page(const struct sim_config *config, uint64_t entry, uint64_t page,
				 uint32_t shift)
{
	uint64_t inside = (1ull << shift) - 1;

	return ram_page(config, (entry & ENTRY_ADDRESS & ~inside) | (page & inside));
}

/*
 * The page at a page-aligned address, found in the guest's page tables. Each entry is loaded once,
 * and what was loaded is checked and used.
 */
static const uint8_t *walk(const struct sim_memory *memory, uint64_t page)
{
	const struct sim_config *config = sim_config();
	uint64_t entry = memory->root;

	if (config->paging_levels == 5) {
		if (!canonical(page, 57))
			return 0;
		entry = entry_below(config, entry, page, 48);
		if (entry & ENTRY_ENDS) /* a large page is reserved there */
			return 0;
	} else if (!canonical(page, 48)) {
		return 0;
	}
	entry = entry_below(config, entry, page, 39);
	if (entry & ENTRY_ENDS)
		return 0;
	entry = entry_below(config, entry, page, 30);
	if (entry & ENTRY_ENDS)
		return entry & ENTRY_PRESENT ? 0 : large_page(config, entry, page, 30);
	entry = entry_below(config, entry, page, 21);
	if (entry & ENTRY_ENDS)
		return entry & ENTRY_PRESENT ? 0 : large_page(config, entry, page, 21);
	entry = entry_below(config, entry, page, 12);
	return entry & ENTRY_PRESENT ? 0 : ram_page(config, entry & ENTRY_ADDRESS);
}

/* Where `page` is remembered. */
static inline __attribute__((always_inline)) struct sim_translation *place_of(
	struct sim_memory *memory, uint64_t page)
{
	return &memory->translations[page / SIM_PAGE_SIZE % SIM_TRANSLATIONS];
}

/* Finds the page by a walk and remembers it. NULL if there is none. */
static __attribute__((noinline)) const uint8_t *meet_by_walk(struct sim_memory *memory,
							     uint64_t page)
{
	const uint8_t *bytes = walk(memory, page);

	if (bytes)
		*place_of(memory, page) = (struct sim_translation){ page, bytes };
	return bytes;
}

/* Finds the page, in the direct map or by a walk, and remembers it. NULL if there is none. */
static __attribute__((noinline)) const uint8_t *meet(struct sim_memory *memory, uint64_t page)
{
	const struct sim_config *config = sim_config();
	const uint8_t *bytes =
		page >= config->page_offset ? ram_page(config, page - config->page_offset) : 0;

	if (!bytes)
		return meet_by_walk(memory, page);
	*place_of(memory, page) = (struct sim_translation){ page, bytes };
	return bytes;
}

/* The page that shows `address`, or NULL. */
static inline const uint8_t *page_of(struct sim_memory *memory, uint64_t address)
{
	const struct sim_translation *translation = place_of(memory, address);
	uint64_t page = address & PAGE_MASK;

	if (translation->page == page)
		return translation->bytes;
	/* Most of what is looked for here is a program's. */
	return LIKELY((int64_t)page >= 0) ? meet_by_walk(memory, page) : meet(memory, page);
}

_Bool sim_read(struct sim_memory *memory, uint64_t address, void *to, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		uint64_t in_page = (address + done) & (SIM_PAGE_SIZE - 1);
		uint64_t part = SIM_PAGE_SIZE - in_page;
		const uint8_t *bytes = page_of(memory, address + done);

		if (part > size - done)
			part = size - done;
		/* Past the end of the address space nothing follows, least of all page 0. */
		if (!bytes || address + done < address) {
			memset(to, 0, size);
			return 0;
		}
		memcpy((uint8_t *)to + done, bytes + in_page, part);
		done += part;
	}
	return 1;
}

struct sim_number sim_number_at(struct sim_memory *memory, uint64_t address, uint64_t size)
{
	struct sim_number number = { 0, 0 };

	number.readable = sim_read(memory, address, &number.value, size);
	return number;
}

struct sim_room sim_room_at(struct sim_memory *memory, uint64_t address)
{
	const struct sim_config *config = sim_config();
	uint64_t gpa = address - config->page_offset, in_page = address & (SIM_PAGE_SIZE - 1),
		 offset;
	const struct sim_translation *translation = place_of(memory, address);
	const uint8_t *page;

	if (address >= config->page_offset) {
		for (uint32_t i = 1; i < config->ram_range_count && i < SIM_MAX_RAM_RANGES; i++) {
			offset = gpa - config->ram[i].gpa;
			if (offset < config->ram[i].size - 7)
				return (struct sim_room){ (const uint8_t *)(config->direct_map +
									    gpa),
							  config->ram[i].size - 7 - offset };
		}
	}
	/* A page of the direct map that is not wholly RAM is none, nor is its end a piece. */
	if (in_page > SIM_PAGE_SIZE - 8)
		return (struct sim_room){ 0, 0 };
	page = translation->page == (address & PAGE_MASK) ?
		       translation->bytes :
		       meet_by_walk(memory, address & PAGE_MASK);
	if (!page)
		return (struct sim_room){ 0, 0 };
	return (struct sim_room){ page + in_page, SIM_PAGE_SIZE - 7 - in_page };
}

/*
 * Copies words of a string from `address` + `done` on, while page and limit have as many, and ends
 * at the word with the NUL: true then. Each is loaded once: another vCPU writes.
 */
static inline __attribute__((always_inline)) _Bool read_words(const uint8_t *page, uint64_t address,
							      uint8_t *to, uint32_t limit,
							      uint32_t *done)
{
	uint64_t in_page = (address + *done) & (SIM_PAGE_SIZE - 1);
	const uint8_t *bytes = page + in_page - *done;
	uint32_t left = (uint32_t)(SIM_PAGE_SIZE - in_page), at = *done;
	uint32_t end = at + (left < limit - at ? left : limit - at);

	for (; at + 8 <= end; at += 8) {
		uint64_t word = sim_load_u64(bytes + at);
		uint64_t nul = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;

		*(sim_unaligned_u64 *)(to + at) = word;
		if (nul) {
			/*
			 * The lowest bit is that of the first NUL; above it there may be false
			 * ones.
			 */
			*done = at + (uint32_t)__builtin_ctzll(nul) / 8;
			return 1;
		}
	}
	*done = at;
	return 0;
}

/* sim_read_string from its byte `done` on. */
static __attribute__((noinline)) uint32_t read_string_on(struct sim_memory *memory,
							 uint64_t address, uint8_t *to,
							 uint32_t limit, uint16_t *flags,
							 uint32_t done)
{
	for (;;) {
		const uint8_t *page = page_of(memory, address + done);

		if (!page || address + done < address) {
			*flags |= SIM_EVENT_UNREADABLE;
			return done;
		}
		if (read_words(page, address, to, limit, &done))
			return done;
		do {
			uint64_t in_page = (address + done) & (SIM_PAGE_SIZE - 1);
			uint8_t byte = __atomic_load_n(page + in_page, __ATOMIC_RELAXED);

			if (byte == 0)
				return done;
			if (done == limit) {
				*flags |= SIM_EVENT_TRUNCATED;
				return done;
			}
			to[done++] = byte;
		} while ((address + done) & (SIM_PAGE_SIZE - 1));
	}
}

uint32_t sim_read_string(struct sim_memory *memory, uint64_t address, uint8_t *to, uint32_t limit,
			 uint16_t *flags)
{
	const uint8_t *page = page_of(memory, address);
	uint32_t done = 0;

	if (page && read_words(page, address, to, limit, &done))
		return done;
	return read_string_on(memory, address, to, limit, flags, done);
}
