/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <elf.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../check.h"
#include "../hook_table.h"
#include "process_region.h"
#include "sim_monitor.h"

#define CONFIG_ADDRESS 0x1f0000000000ull
#define RING_ADDRESS 0x1e0000000000ull
#define CHANNEL_SIZE (3 * SIM_PAGE_SIZE)

struct elf {
	uint8_t *bytes;
	const Elf64_Ehdr *header;
	uint64_t base; /* what is added to its addresses */
};

static uint64_t free_offset;

static struct elf read_elf(const char *path, uint64_t base)
{
	FILE *file = fopen(path, "r");
	struct elf elf = { .base = base };
	long size;

	CHECK(file && fseek(file, 0, SEEK_END) == 0);
	size = ftell(file);
	elf.bytes = malloc((size_t)size);
	rewind(file);
	CHECK(elf.bytes && fread(elf.bytes, 1, (size_t)size, file) == (size_t)size);
	fclose(file);
	elf.header = (const Elf64_Ehdr *)elf.bytes;
	return elf;
}

static const Elf64_Shdr *section(const struct elf *elf, const char *name)
{
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(elf->bytes + elf->header->e_shoff);
	const char *names = (const char *)elf->bytes + sections[elf->header->e_shstrndx].sh_offset;

	for (int i = 0; i < elf->header->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	return NULL;
}

static uint64_t symbol(const struct elf *elf, const char *name)
{
	const Elf64_Shdr *table = section(elf, ".symtab"), *strings = section(elf, ".strtab");
	const Elf64_Sym *symbols = (const Elf64_Sym *)(elf->bytes + table->sh_offset);

	for (uint64_t i = 0; i < table->sh_size / sizeof(*symbols); i++)
		if (!strcmp((const char *)elf->bytes + strings->sh_offset + symbols[i].st_name,
			    name))
			return elf->base + symbols[i].st_value;
	CHECK(!"no such symbol");
	return 0;
}

static uint64_t place(struct test_region *region, uint64_t size, uint64_t address, uint32_t view,
		      uint32_t access)
{
	uint64_t offset = free_offset;

	free_offset += (size + SIM_PAGE_SIZE - 1) & ~(uint64_t)(SIM_PAGE_SIZE - 1);
	CHECK(free_offset <= REGION_SIZE);
	region->header->segments[region->header->segment_count++] =
		(struct sim_segment){ offset, free_offset - offset, address, view, access };
	return offset;
}

/* Where the region's file has what the ELF file calls `address`. */
static uint8_t *at(struct test_region *region, const struct elf *elf, uint64_t address)
{
	for (uint32_t i = 0; i < region->header->segment_count; i++) {
		const struct sim_segment *segment = &region->header->segments[i];

		if (segment->view == SIM_VIEW_PROCESS &&
		    elf->base + address - segment->gpa < segment->size)
			return region->bytes + segment->offset +
			       (elf->base + address - segment->gpa);
	}
	CHECK(!"an address in no segment");
	return NULL;
}

/* Loads, relocates and fills the slots: each offset another multiple of 8. */
static void load(struct test_region *region, const struct elf *elf)
{
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(elf->bytes + elf->header->e_phoff);
	const Elf64_Shdr *relocations = section(elf, ".rela.dyn"),
			 *slots = section(elf, ".sim_slots");

	for (int i = 0; i < elf->header->e_phnum; i++) {
		const Elf64_Phdr *segment = &segments[i];
		uint32_t access = (segment->p_flags & PF_R ? SIM_ACCESS_READ : 0) |
				  (segment->p_flags & PF_W ? SIM_ACCESS_WRITE : 0) |
				  (segment->p_flags & PF_X ? SIM_ACCESS_EXECUTE : 0);

		if (segment->p_type != PT_LOAD)
			continue;
		CHECK(segment->p_vaddr % SIM_PAGE_SIZE == 0);
		memcpy(region->bytes + place(region, segment->p_memsz, elf->base + segment->p_vaddr,
					     SIM_VIEW_PROCESS, access),
		       elf->bytes + segment->p_offset, segment->p_filesz);
	}
	for (uint64_t i = 0; relocations && i < relocations->sh_size / sizeof(Elf64_Rela); i++) {
		const Elf64_Rela *relocation =
			(const Elf64_Rela *)(elf->bytes + relocations->sh_offset) + i;

		CHECK(ELF64_R_TYPE(relocation->r_info) == R_X86_64_RELATIVE);
		*(uint64_t *)at(region, elf, relocation->r_offset) =
			elf->base + (uint64_t)relocation->r_addend;
	}
	for (uint64_t i = 0; slots && i < slots->sh_size / sizeof(struct sim_slot_declaration);
	     i++) {
		const struct sim_slot_declaration *slot =
			(const struct sim_slot_declaration *)(elf->bytes + slots->sh_offset) + i;
		const char *name = (const char *)slot->name;
		uint64_t value = (i + 1) * 8;

		if (!strcmp(name, "config"))
			value = CONFIG_ADDRESS;
		else if (!strcmp(name, "monitor"))
			value = 0;
		else if (!strcmp(name, "offset:task_struct.pid"))
			memcpy(region->ram + TASK_GPA + value, &(uint32_t){ TASK_PID }, 4);
		*(uint64_t *)at(region, elf, slot->address) = value;
	}
}

static uint8_t *map(int file, uint64_t size)
{
	uint8_t *bytes;

	CHECK(file >= 0 && ftruncate(file, (off_t)size) == 0);
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CHECK(bytes != MAP_FAILED);
	return bytes;
}

/* The region's file, and who made it: children end as well. */
static char region_file[64];
static pid_t maker;

static void __attribute__((destructor)) remove_region_file(void)
{
	if (getpid() == maker)
		unlink(region_file);
}

/* A file with a name of its own, as the process follows no link to its region. */
static uint8_t *make_region_file(char path[64])
{
	int file;

	remove_region_file();
	maker = getpid();
	strcpy(region_file, "/tmp/sim-region-XXXXXX");
	file = mkstemp(region_file);
	strcpy(path, region_file);
	return map(file, REGION_SIZE);
}

/* Guest RAM is found as that of QEMU is: among the descriptors of a process. */
static uint8_t *make_ram(char path[64])
{
	int file = memfd_create("ram", 0);

	snprintf(path, 64, "/proc/%d/fd/%d", getpid(), file);
	return map(file, RAM_SIZE);
}

struct test_region test_region_make(const char *core, const char *monitor)
{
	struct test_region region = { 0 };
	struct elf core_elf = read_elf(core, 0x110000000000ull),
		   monitor_elf = read_elf(monitor, 0x120000000000ull);
	const struct sim_hook_declaration *hook =
		(const struct sim_hook_declaration
			 *)(monitor_elf.bytes + section(&monitor_elf, ".sim_hooks")->sh_offset);
	struct sim_config *config;
	struct sim_hook armed;

	region.bytes = make_region_file(region.path);
	region.ram = make_ram(region.ram_path);
	region.header = (struct sim_region_header *)region.bytes;
	memcpy(region.header->magic, SIM_REGION_MAGIC, 8);
	region.header->abi = SIM_ABI_VERSION;
	region.header->gate = SIM_GATE_EXIT;
	region.header->file_size = REGION_SIZE;
	region.header->doorbell_port = 0xc51e;
	region.header->channel = SIM_PAGE_SIZE;
	region.channel = (struct sim_channel *)(region.bytes + SIM_PAGE_SIZE);
	region.channel->slot_count = 2;
	free_offset = SIM_PAGE_SIZE + CHANNEL_SIZE;

	place(&region, SIM_PAGE_SIZE, 0x7c00000000, SIM_VIEW_NORMAL,
	      SIM_ACCESS_READ | SIM_ACCESS_EXECUTE);
	load(&region, &core_elf);
	load(&region, &monitor_elf);
	config =
		(struct sim_config *)(region.bytes + place(&region, sizeof(*config), CONFIG_ADDRESS,
							   SIM_VIEW_PROCESS, SIM_ACCESS_READ));
	region.ring =
		(struct sim_ring *)(region.bytes + place(&region, SIM_PAGE_SIZE + RING_CAPACITY,
							 RING_ADDRESS, SIM_VIEW_PROCESS,
							 SIM_ACCESS_READ | SIM_ACCESS_WRITE));
	*config = (struct sim_config){ .abi = SIM_CONFIG_VERSION,
				       .ring = RING_ADDRESS,
				       .ring_capacity = RING_CAPACITY,
				       .direct_map = DIRECT_MAP,
				       .page_offset = PAGE_OFFSET,
				       .paging_levels = 4,
				       .ram_range_count = 1,
				       .ram = { { 0, RAM_SIZE } } };
	armed = (struct sim_hook){ .return_address = HOOK_RETURN,
				   .handler = monitor_elf.base + hook->handler,
				   .id = hook->id };
	hook_table_fill(config, &armed, 1);
	region.dispatch = symbol(&core_elf, "sim_dispatch");
	return region;
}
