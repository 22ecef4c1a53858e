/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps the region and guest RAM where the monitors expect them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

static int open_file(const char *what, const char *path, int mode, uint64_t *size)
{
	int file = open(path, mode | O_CLOEXEC | O_NOCTTY);
	struct stat status;

	if (file < 0 || fstat(file, &status))
		fail("%s %s can't be opened: %s", what, path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		fail("%s %s is no regular file", what, path);
	*size = (uint64_t)status.st_size;
	return file;
}

/* Maps a part of a file at an address where nothing may lie yet. */
static void map_at(const char *path, int file, uint64_t offset, uint64_t size, uint64_t address,
		   int protection)
{
	if (address < LOWEST_ADDRESS || address > HIGHEST_ADDRESS ||
	    size > HIGHEST_ADDRESS - address)
		fail("%s: 0x%llx bytes at 0x%llx are outside of what the monitor's process may use "
		     "(0x%llx to 0x%llx)",
		     path, (unsigned long long)size, (unsigned long long)address, LOWEST_ADDRESS,
		     HIGHEST_ADDRESS);
	if (mmap((void *)address, size, protection,
		 MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, file,
		 (off_t)offset) != (void *)address)
		fail("%s: 0x%llx bytes can't be mapped at 0x%llx: %s", path,
		     (unsigned long long)size, (unsigned long long)address,
		     errno == EEXIST ? "something else lies there" : strerror(errno));
}

static bool in_file(uint64_t offset, uint64_t size, uint64_t file_size)
{
	return offset % SIM_PAGE_SIZE == 0 && offset >= SIM_PAGE_SIZE && offset < file_size &&
	       size <= file_size - offset;
}

static void check_header(const char *path, const struct sim_region_header *header,
			 uint64_t file_size)
{
	if (memcmp(header->magic, SIM_REGION_MAGIC, sizeof(header->magic)))
		fail("%s is no region: it does not begin with %s", path, SIM_REGION_MAGIC);
	if (header->abi != SIM_ABI_VERSION)
		fail("%s is of version %u, this program of version %d; install matching packages",
		     path, header->abi, SIM_ABI_VERSION);
	if (header->gate != SIM_GATE_EXIT)
		fail("%s is for gate %u; only gate %u (exit) has a monitor's process", path,
		     header->gate, SIM_GATE_EXIT);
	if (header->segment_count == 0 || header->segment_count > SIM_MAX_SEGMENTS)
		fail("%s has %u segments, not 1 to %d; its header is damaged", path,
		     header->segment_count, SIM_MAX_SEGMENTS);
	if (header->file_size > file_size)
		fail("%s is shorter than its header says; it is damaged", path);
}

static int protection_of(const char *path, uint32_t index, uint32_t access)
{
	if (access & ~(SIM_ACCESS_READ | SIM_ACCESS_WRITE | SIM_ACCESS_EXECUTE) ||
	    (access & (SIM_ACCESS_WRITE | SIM_ACCESS_EXECUTE)) ==
		    (SIM_ACCESS_WRITE | SIM_ACCESS_EXECUTE))
		fail("%s: segment %u has access %u, which no segment may have", path, index,
		     access);
	return (access & SIM_ACCESS_READ ? PROT_READ : 0) |
	       (access & SIM_ACCESS_WRITE ? PROT_WRITE : 0) |
	       (access & SIM_ACCESS_EXECUTE ? PROT_EXEC : 0);
}

/*
 * The segment of the monitor's process that shows `size` bytes at `address` with this access, or
 * NULL.
 */
static const struct sim_segment *shown(const struct sim_region_header *header, uint64_t address,
				       uint64_t size, uint32_t access)
{
	for (uint32_t i = 0; i < header->segment_count; i++) {
		const struct sim_segment *segment = &header->segments[i];

		if (segment->view == SIM_VIEW_PROCESS && segment->access == access &&
		    address >= segment->gpa && address - segment->gpa < segment->size &&
		    size <= segment->size - (address - segment->gpa))
			return segment;
	}
	return NULL;
}

/*
 * The configuration is the read-only segment that begins with the version of configurations and the
 * direct map of the command line, which is random.
 */
static const struct sim_config *find_config(const char *path,
					    const struct sim_region_header *header,
					    uint64_t direct_map)
{
	for (uint32_t i = 0; i < header->segment_count; i++) {
		const struct sim_segment *segment = &header->segments[i];
		const struct sim_config *config = (const struct sim_config *)segment->gpa;

		if (segment->view == SIM_VIEW_PROCESS && segment->access == SIM_ACCESS_READ &&
		    segment->size >= sizeof(*config) && config->abi == SIM_CONFIG_VERSION &&
		    config->direct_map == direct_map)
			return config;
	}
	fail("%s: no segment is a configuration with its direct map at 0x%llx; "
	     "the region was built for another start",
	     path, (unsigned long long)direct_map);
}

static void check_config(const char *path, const struct sim_region_header *header,
			 const struct sim_config *config)
{
	uint64_t capacity = config->ring_capacity;

	if (config->doorbell_port)
		fail("%s: the monitors have a doorbell, which a process can't ring", path);
	if (!capacity || capacity & (capacity - 1) || capacity > HIGHEST_ADDRESS ||
	    !shown(header, config->ring, SIM_PAGE_SIZE + capacity,
		   SIM_ACCESS_READ | SIM_ACCESS_WRITE))
		fail("%s: the event ring at 0x%llx is in no segment that can be written", path,
		     (unsigned long long)config->ring);
}

static struct sim_channel *map_channel(const char *path, int file,
				       const struct sim_region_header *header, uint64_t file_size)
{
	uint64_t size =
		(sizeof(struct sim_channel) + SIM_PAGE_SIZE - 1) & ~(uint64_t)(SIM_PAGE_SIZE - 1);
	struct sim_channel *channel;

	if (!in_file(header->channel, size, file_size))
		fail("%s: the call channel at 0x%llx is not in the file; the header is damaged",
		     path, (unsigned long long)header->channel);
	channel =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)header->channel);
	if (channel == MAP_FAILED)
		fail("%s: the call channel can't be mapped: %s", path, strerror(errno));
	return channel;
}

static void map_ram(const struct arguments *arguments)
{
	for (uint32_t i = 0; i < arguments->ram_count; i++) {
		const struct ram_block *block = &arguments->ram[i];
		uint64_t size;
		int file = open_file("guest RAM", block->path, O_RDONLY, &size);

		if (block->offset > size || block->size > size - block->offset)
			fail("guest RAM %s is shorter than 0x%llx bytes at 0x%llx", block->path,
			     (unsigned long long)block->size, (unsigned long long)block->offset);
		if (arguments->direct_map + block->gpa < block->gpa)
			fail("guest RAM %s: no address is left for it at the direct map",
			     block->path);
		map_at(block->path, file, block->offset, block->size,
		       arguments->direct_map + block->gpa, PROT_READ);
		close(file);
	}
}

struct region region_map(const struct arguments *arguments)
{
	const char *path = arguments->region;
	struct region region;
	uint64_t file_size;
	/* QEMU's user, who may be its guest, can put a link in the region's place. */
	int file = open_file("the region", path, O_RDWR | O_NOFOLLOW, &file_size);
	/* A copy: what is checked is what is used. */
	static struct sim_region_header header;
	const struct sim_config *config;

	if (pread(file, &header, sizeof(header), 0) != sizeof(header))
		fail("%s is shorter than a region's header", path);
	check_header(path, &header, file_size);
	for (uint32_t i = 0; i < header.segment_count; i++) {
		const struct sim_segment *segment = &header.segments[i];

		if (!segment->size || segment->size % SIM_PAGE_SIZE ||
		    !in_file(segment->offset, segment->size, file_size))
			fail("%s: segment %u is not in the file; the header is damaged", path, i);
		if (segment->view == SIM_VIEW_PROCESS)
			map_at(path, file, segment->offset, segment->size, segment->gpa,
			       protection_of(path, i, segment->access));
		else if (segment->view != SIM_VIEW_NORMAL)
			fail("%s: segment %u is of view %u, which gate exit has not", path, i,
			     segment->view);
	}
	region.channel = map_channel(path, file, &header, file_size);
	close(file);
	map_ram(arguments);

	config = find_config(path, &header, arguments->direct_map);
	check_config(path, &header, config);
	if (!shown(&header, arguments->dispatch, 1, SIM_ACCESS_READ | SIM_ACCESS_EXECUTE))
		fail("--dispatch 0x%llx is in no executable segment of %s",
		     (unsigned long long)arguments->dispatch, path);
	region.ring = (struct sim_ring *)config->ring;
	region.dispatch = (int64_t (*)(const struct sim_call *))arguments->dispatch;
	region.slot_count = region.channel->slot_count;
	if (!region.slot_count || region.slot_count > SIM_MAX_CALL_SLOTS)
		fail("%s: the call channel has %u slots, not 1 to %d", path, region.slot_count,
		     SIM_MAX_CALL_SLOTS);
	return region;
}
