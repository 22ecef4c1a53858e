/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the guest's, and the fields of its structures. */
#ifndef SIM_FIELDS_H
#define SIM_FIELDS_H

#include "sim_memory.h"

/*
 * Reads the little-endian number of `size` bytes, 4 or 8, at `address`; false, and 0, if it can't
 * be read. In a page that this call has used before, that is one load.
 */
static __always_inline _Bool sim_read_number(struct sim_memory *memory, uint64_t address,
					     uint64_t size, uint64_t *value)
{
	uint64_t in_page = address & (SIM_PAGE_SIZE - 1);
	const struct sim_translation *known =
		&memory->translations[address / SIM_PAGE_SIZE % SIM_TRANSLATIONS];

	if (known->page == address - in_page && in_page <= SIM_PAGE_SIZE - size) {
		*value = sim_load(known->bytes + in_page, size);
		return 1;
	}
	*value = 0;
	return sim_read(memory, address, value, size);
}

/* A structure of the guest's, several fields of which are wanted. */
struct sim_piece {
	uint64_t address;     /* guest-virtual */
	const uint8_t *bytes; /* NULL unless all of it is contiguous in the SIM view */
};

/*
 * Finds the structure of `size` bytes, at most SIM_PIECE_SIZE, at `address`. In the first range of
 * RAM, but for its end, that is one comparison.
 */
static __always_inline struct sim_piece sim_piece_at(struct sim_memory *memory, uint64_t address,
						     uint64_t size)
{
	const struct sim_config *config = sim_config();
	uint64_t gpa = address - config->page_offset;

	if (SIM_LIKELY(gpa - config->ram[0].gpa < config->ram[0].size - SIM_PIECE_SIZE))
		return (struct sim_piece){ address, sim_ram(config, gpa) };
	return (struct sim_piece){ address, sim_find(memory, address, size) };
}

/*
 * Reads the number of `size` bytes, 4 or 8, at `offset`, which must lie in the piece; false, and 0,
 * if it can't be read.
 */
static __always_inline _Bool sim_field(struct sim_memory *memory, const struct sim_piece *piece,
				       uint64_t offset, uint64_t size, uint64_t *value)
{
	if (!SIM_LIKELY(piece->bytes))
		return sim_read_number(memory, piece->address + offset, size, value);
	*value = sim_load(piece->bytes + offset, size);
	return 1;
}

#endif
