/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory, read by a walk of the guest's page tables over the private direct map. Intel SDM
 * vol. 3A, 4.5 "4-level paging and 5-level paging".
 *
 * Every address that comes from the guest is checked against the RAM ranges before it is used, so
 * no value in the guest's tables makes the monitor touch anything but guest RAM.
 */
#include "sdk.h"

#define ENTRY_PRESENT 1ull
#define ENTRY_PAGE_SIZE (1ull << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define INDEX_MASK 0xff8ull /* of an entry's offset in its table */

#define PAGE_MASK (~(uint64_t)(SIM_PAGE_SIZE - 1))

/* Like ram_page, for the ranges after the first. */
static noinline const uint8_t *ram_page_elsewhere(const struct sim_config *config, uint64_t gpa)
{
	for (uint32_t i = 1; i < config->ram_range_count && i < SIM_MAX_RAM_RANGES; i++) {
		if (gpa - config->ram[i].gpa < config->ram[i].size)
			return sim_ram(config, gpa);
	}
	return 0;
}

/*
 * Where the SIM view shows the page at `gpa`, a multiple of the page size as the ranges' bounds
 * are; NULL if it isn't RAM.
 */
static inline const uint8_t *ram_page(const struct sim_config *config, uint64_t gpa)
{
	if (SIM_LIKELY(gpa - config->ram[0].gpa < config->ram[0].size))
		return sim_ram(config, gpa);
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
 * The bits that tell kinds of entries apart. ENTRY_PRESENT is inverted, so that both are 0 only in
 * an entry that points to a table.
 */
#define ENTRY_ENDS (ENTRY_PRESENT | ENTRY_PAGE_SIZE)

/* What each level of a walk needs, in registers. */
struct walker {
	const struct sim_config *config;
	uint64_t mask;  /* ENTRY_ADDRESS */
	uint64_t gpa;   /* of the first range of RAM */
	uint64_t bytes; /* where the SIM view shows that range */
};

/*
 * The entry for `page` in the table that `above` points to, with ENTRY_PRESENT inverted;
 * ENTRY_PRESENT alone if that isn't RAM.
 */
static __always_inline uint64_t entry_below(const struct walker *walker, uint64_t above,
					    uint64_t page, uint32_t shift)
{
	uint64_t offset = (above & walker->mask) - walker->gpa;
	const uint8_t *table;

	if (SIM_LIKELY(offset < walker->config->ram[0].size)) {
		table = (const uint8_t *)(walker->bytes + offset);
	} else {
		table = ram_page_elsewhere(walker->config, above & walker->mask);
		if (!table)
			return ENTRY_PRESENT;
	}
	return sim_load(table + (page >> (shift - 3) & INDEX_MASK), 8) ^ ENTRY_PRESENT;
}

/* The part of a large page, of 1 << shift bytes, that shows `page`. */
static const uint8_t *large_page(const struct sim_config *config, uint64_t entry, uint64_t page,
				 uint32_t shift)
{
	uint64_t inside = (1ull << shift) - 1;

	return ram_page(config, (entry & ENTRY_ADDRESS & ~inside) | (page & inside));
}

/*
 * The page at a page-aligned address, found in the guest's page tables. Each entry is loaded once;
 * what was loaded is what is checked and used.
 */
static __always_inline const uint8_t *walk(const struct sim_memory *memory, uint64_t page)
{
	const struct sim_config *config = sim_config();
	struct walker walker = { config, ENTRY_ADDRESS, config->ram[0].gpa,
				 config->direct_map + config->ram[0].gpa };
	uint64_t entry = memory->root;

	/* The compiler would rather compute these again for each level. */
	__asm__("" : "+r"(walker.mask), "+r"(walker.bytes));
	if (config->paging_levels == 5) {
		if (!canonical(page, 57))
			return 0;
		entry = entry_below(&walker, entry, page, 48);
		if (entry & ENTRY_ENDS) /* large pages are reserved there */
			return 0;
	} else if (!canonical(page, 48)) {
		return 0;
	}
	entry = entry_below(&walker, entry, page, 39);
	if (entry & ENTRY_ENDS)
		return 0;
	entry = entry_below(&walker, entry, page, 30);
	if (entry & ENTRY_ENDS)
		return entry & ENTRY_PRESENT ? 0 : large_page(config, entry, page, 30);
	entry = entry_below(&walker, entry, page, 21);
	if (entry & ENTRY_ENDS)
		return entry & ENTRY_PRESENT ? 0 : large_page(config, entry, page, 21);
	entry = entry_below(&walker, entry, page, 12);
	return entry & ENTRY_PRESENT ? 0 : ram_page(config, entry & walker.mask);
}

/* Where the translation of `page` is kept. */
static __always_inline struct sim_translation *place_of(struct sim_memory *memory, uint64_t page)
{
	return &memory->translations[page / SIM_PAGE_SIZE % SIM_TRANSLATIONS];
}

/* Translates the page by a walk and keeps that. NULL if there is none. */
static noinline const uint8_t *translate(struct sim_memory *memory, uint64_t page)
{
	const uint8_t *bytes = walk(memory, page);

	if (bytes)
		*place_of(memory, page) = (struct sim_translation){ page, bytes };
	return bytes;
}

/* Translates a page of the kernel's, which may be in the direct map. NULL if there is none. */
static noinline const uint8_t *translate_kernel(struct sim_memory *memory, uint64_t page)
{
	const struct sim_config *config = sim_config();
	const uint8_t *bytes = 0;

	if (page >= config->page_offset)
		bytes = ram_page(config, page - config->page_offset);
	if (!bytes)
		return translate(memory, page);
	*place_of(memory, page) = (struct sim_translation){ page, bytes };
	return bytes;
}

/* The page that shows `address`, or NULL. */
static inline const uint8_t *page_of(struct sim_memory *memory, uint64_t address)
{
	const struct sim_translation *known = place_of(memory, address);
	uint64_t page = address & PAGE_MASK;

	if (known->page == page)
		return known->bytes;
	/* Most of what is looked up here is a program's. */
	return SIM_LIKELY((int64_t)page >= 0) ? translate(memory, page) :
						translate_kernel(memory, page);
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

/* Linux's direct map has 2^46 bytes, 2^52 with five levels: nothing above is looked up in it. */
static inline _Bool in_direct_map(const struct sim_config *config, uint64_t gpa)
{
	return !(gpa >> 46) || (config->paging_levels == 5 && !(gpa >> 52));
}

inline const uint8_t *sim_find(struct sim_memory *memory, uint64_t address, uint64_t size)
{
	const struct sim_config *config = sim_config();
	uint64_t gpa = address - config->page_offset, in_page = address & (SIM_PAGE_SIZE - 1);
	const uint8_t *bytes;

	if (in_direct_map(config, gpa)) {
		for (uint32_t i = 0; i < config->ram_range_count && i < SIM_MAX_RAM_RANGES; i++) {
			uint64_t offset = gpa - config->ram[i].gpa;

			if (offset < config->ram[i].size && size <= config->ram[i].size - offset)
				return sim_ram(config, gpa);
		}
	}
	if (in_page + size > SIM_PAGE_SIZE)
		return 0;
	bytes = translate(memory, address - in_page);
	return bytes ? bytes + in_page : 0;
}

/*
 * Copies words of a string from `address` + `done` on, while page and limit have as many, and ends
 * at the word with the NUL: true then. Each is loaded once: another vCPU writes.
 */
static __always_inline _Bool read_words(const uint8_t *page, uint64_t address, uint8_t *to,
					uint32_t limit, uint32_t *done)
{
	uint64_t in_page = (address + *done) & (SIM_PAGE_SIZE - 1), at = *done;
	uint64_t left = SIM_PAGE_SIZE - in_page, most = limit - at;
	const uint8_t *bytes = page + in_page - at;
	uint64_t end = at + (left < most ? left : most) / 8 * 8;

	for (; at != end; at += 8) {
		uint64_t word = sim_load(bytes + at, 8);
		/* Of bytes up to 0x80, only a NUL's top bit is 1; others are sorted out below. */
		uint64_t nul = (word - 0x0101010101010101ull) & 0x8080808080808080ull;

		*(sim_unaligned_u64 *)(to + at) = word;
		if (nul && (nul &= ~word)) {
			/* The lowest bit is the first NUL's; above it there may be false ones. */
			*done = (uint32_t)at + (uint32_t)__builtin_ctzll(nul) / 8;
			return 1;
		}
	}
	*done = (uint32_t)at;
	return 0;
}

/* sim_read_string from its byte `done` on. */
static noinline uint32_t read_string_on(struct sim_memory *memory, uint64_t address, uint8_t *to,
					uint32_t limit, uint16_t *flags, uint32_t done)
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

inline uint32_t sim_read_string(struct sim_memory *memory, uint64_t address, uint8_t *to,
				uint32_t limit, uint16_t *flags)
{
	const uint8_t *page = page_of(memory, address);
	uint32_t done = 0;

	if (page && read_words(page, address, to, limit, &done))
		return done;
	return read_string_on(memory, address, to, limit, flags, done);
}
