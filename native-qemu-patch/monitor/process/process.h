/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of sim-monitor-process share. */
#ifndef SIM_PROCESS_H
#define SIM_PROCESS_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "sim_abi.h"

#define MAX_RAM_BLOCKS 16

/*
 * Where the manager places segments and guest RAM: between this program (linked
 * at 4 MiB, its heap behind it) and what the kernel maps by itself.
 */
#define LOWEST_ADDRESS 0x100000000ull
#define HIGHEST_ADDRESS 0x500000000000ull

/* A piece of guest RAM and the file that backs it. */
struct ram_block {
	uint64_t gpa;
	uint64_t size;
	uint64_t offset; /* in the file */
	const char *path;
};

struct arguments {
	const char *region;
	uint64_t dispatch;   /* address of sim_dispatch */
	uint64_t direct_map; /* address of guest-physical 0 */
	int32_t qemu;        /* process id, 0: not watched */
	uint32_t ram_count;
	struct ram_block ram[MAX_RAM_BLOCKS];
};

/* A region, mapped as its header says. */
struct region {
	struct sim_channel *channel;
	struct sim_ring *ring;
	int64_t (*dispatch)(const struct sim_call *call);
	uint32_t slot_count;
};

/* Writes one line to stderr and ends the process with status 1. */
noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads the command line; one clear line and the end of the process if it makes no sense. */
struct arguments arguments_parse(int count, char **words);

/*
 * Maps the region's segments at their addresses and guest RAM, read-only, at the direct
 * map. Believes no number of the header further than the file and the address range reach.
 */
struct region region_map(const struct arguments *arguments);

/* Starts the threads that serve; they wait until serve_begin(). */
void serve_prepare(const struct region *region);

/* Takes over what a dead predecessor left, says who serves, and lets the threads go. */
void serve_begin(void);

/* Gives up every capability; before threads are started, since each has its own. */
void drop_capabilities(void);

/*
 * Gives up, for every thread: new privileges, being traced or dumped, and all but a few system
 * calls.
 */
void confine(void);

#endif
