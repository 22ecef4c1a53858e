/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A region of gate exit and guest RAM, in files, as the manager prepares them: with the built
 * core.elf and a monitor.
 */
#ifndef SIM_PROCESS_REGION_H
#define SIM_PROCESS_REGION_H

#include <stdint.h>

#include "sim_abi.h"

#define REGION_SIZE (1ull << 20)
#define RAM_SIZE (4ull << 20)
#define DIRECT_MAP 0x2a0000000000ull
#define PAGE_OFFSET 0xffff888000000000ull
#define RING_CAPACITY (64u << 10)
#define HOOK_RETURN 0xffffffff81234567ull

/* Where the guest's current task lies, and its process id. */
#define TASK_GPA 0x3000ull
#define TASK_PID 4711u

struct test_region {
	char path[64]; /* of the region's file */
	char ram_path[64];
	uint8_t *bytes; /* the region, mapped */
	uint8_t *ram;
	struct sim_region_header *header;
	struct sim_channel *channel;
	struct sim_ring *ring;
	uint64_t dispatch;
};

/* Makes both files; `core`, `monitor`: ELF files. */
struct test_region test_region_make(const char *core, const char *monitor);

#endif
