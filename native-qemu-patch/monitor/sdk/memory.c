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
#define LEVEL_BITS 9

/* Where the SIM view shows `size` bytes of guest RAM; NULL if it is not all RAM. */
static const uint8_t *ram_at(uint64_t gpa, uint64_t size)
{
	const struct sim_config *config = sim_config();

	for (uint32_t i = 0; i < config->ram_range_count && i < SIM_MAX_RAM_RANGES; i++) {
		uint64_t offset = gpa - config->ram[i].gpa;

		if (offset < config->ram[i].size && size <= config->ram[i].size - offset)
			return (const uint8_t *)(config->direct_map + gpa);
	}
	return 0;
}

_Bool sim_direct_map_address(uint64_t address, uint64_t *gpa)
{
	uint64_t page_offset = sim_config()->page_offset;

	*gpa = address - page_offset;
	return address >= page_offset && ram_at(*gpa, 1) != 0;
}

static _Bool canonical(uint64_t address, uint32_t levels)
{
	uint32_t shift = 64 - (12 + LEVEL_BITS * levels);

	return (uint64_t)((int64_t)(address << shift) >> shift) == address;
}

/* The page at a page-aligned address, found in the guest's page tables. */
static const uint8_t *walk(const struct sim_memory *memory, uint64_t page)
{
	uint32_t levels = sim_config()->paging_levels == 5 ? 5 : 4;
	uint64_t table = memory->root;

	if (!canonical(page, levels))
		return 0;
	for (uint32_t level = levels; level >= 1; level--) {
		uint32_t shift = 12 + LEVEL_BITS * (level - 1);
		uint64_t index = (page >> shift) & ((1u << LEVEL_BITS) - 1);
		const uint8_t *at = ram_at(table + index * 8, 8);
		uint64_t entry;

		if (!at)
			return 0;
		entry = __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
		if (!(entry & ENTRY_PRESENT))
			return 0;
		table = entry & ENTRY_ADDRESS;
		if (level == 1)
			break;
		if (entry & ENTRY_PAGE_SIZE) {
			uint64_t inside = (1ull << shift) - 1;

			if (level > 3)
				return 0; /* reserved there */
			table = (table & ~inside) | (page & inside);
			break;
		}
	}
	return ram_at(table, SIM_PAGE_SIZE);
}

/* Finds the page, in the direct map or by a walk, and remembers it in its place. NULL if there is none. */
static __attribute__((noinline)) const uint8_t *meet(struct sim_memory *memory, uint64_t page)
{
	uint32_t slot = (uint32_t)(page / SIM_PAGE_SIZE) % SIM_TRANSLATIONS;
	uint64_t page_offset = sim_config()->page_offset;
	const uint8_t *bytes = page >= page_offset ? ram_at(page - page_offset, SIM_PAGE_SIZE) : 0;

	if (!bytes)
		bytes = walk(memory, page);
	if (bytes) {
		memory->translations[slot].page = page;
		memory->translations[slot].bytes = bytes;
	}
	return bytes;
}

/* The page that shows `address`, or NULL. */
static inline const uint8_t *page_of(struct sim_memory *memory, uint64_t address)
{
	uint64_t page = address & ~(uint64_t)(SIM_PAGE_SIZE - 1);
	uint32_t slot = (uint32_t)(page / SIM_PAGE_SIZE) % SIM_TRANSLATIONS;

	return memory->translations[slot].page == page ? memory->translations[slot].bytes : meet(memory, page);
}

void sim_memory_open(struct sim_memory *memory, uint64_t cr3)
{
	memory->root = cr3 & ENTRY_ADDRESS;
#pragma GCC unroll 8
	for (uint32_t i = 0; i < SIM_TRANSLATIONS; i++)
		memory->translations[i].page = SIM_MISSING;
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

/* Where `size` bytes are shown in one piece; NULL if they cross a page, or there is none. */
static inline const uint8_t *piece_at(struct sim_memory *memory, uint64_t address, uint64_t size)
{
	uint64_t in_page = address & (SIM_PAGE_SIZE - 1);
	const uint8_t *bytes = in_page <= SIM_PAGE_SIZE - size ? page_of(memory, address) : 0;

	return bytes ? bytes + in_page : 0;
}

_Bool sim_read_u64_anywhere(struct sim_memory *memory, uint64_t address, uint64_t *value)
{
	const uint8_t *at = piece_at(memory, address, sizeof(*value));

	if (!at)
		return sim_read(memory, address, value, sizeof(*value));
	*value = *(const volatile sim_unaligned_u64 *)at;
	return 1;
}

_Bool sim_read_u32_anywhere(struct sim_memory *memory, uint64_t address, uint32_t *value)
{
	const uint8_t *at = piece_at(memory, address, sizeof(*value));

	if (!at)
		return sim_read(memory, address, value, sizeof(*value));
	*value = *(const volatile sim_unaligned_u32 *)at;
	return 1;
}

/* Which byte of eight is the first NUL; 8 if none is. */
static inline uint32_t first_nul(uint64_t word)
{
	uint64_t nul = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;

	return nul ? (uint32_t)__builtin_ctzll(nul) / 8 : 8;
}

uint32_t sim_read_string(struct sim_memory *memory, uint64_t address, uint8_t *to, uint32_t limit, uint16_t *flags)
{
	uint32_t done = 0;

	for (;;) {
		uint64_t at = address + done;
		uint64_t in_page = at & (SIM_PAGE_SIZE - 1);
		const uint8_t *bytes = page_of(memory, at);

		if (!bytes || at < address) {
			*flags |= SIM_EVENT_UNREADABLE;
			return done;
		}
		/* Eight bytes at a time, while page and limit have as many. Each is loaded once: another vCPU writes. */
		for (; in_page <= SIM_PAGE_SIZE - 8 && limit - done >= 8; in_page += 8) {
			uint64_t word = *(const volatile sim_unaligned_u64 *)(bytes + in_page);
			uint32_t length = first_nul(word);

			if (length < 8) {
				for (; length; length--, word >>= 8)
					to[done++] = (uint8_t)word;
				return done;
			}
			*(sim_unaligned_u64 *)(to + done) = word;
			done += 8;
		}
		for (; in_page < SIM_PAGE_SIZE; in_page++) {
			uint8_t byte = __atomic_load_n(bytes + in_page, __ATOMIC_RELAXED);

			if (byte == 0)
				return done;
			if (done == limit) {
				*flags |= SIM_EVENT_TRUNCATED;
				return done;
			}
			to[done++] = byte;
		}
	}
}
