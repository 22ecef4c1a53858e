/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "guest.h"
#include "sdk.h"

struct sim_config config;
unsigned doorbells;

static uint8_t *ram_base;
static uint8_t *ring_base;
static uint64_t next_free;

SIM_SLOT_DECLARE(sim_slot_task_size);
SIM_SLOT_DECLARE(sim_slot_cred_size);
SIM_SLOT_DECLARE(sim_slot_task_pid);
SIM_SLOT_DECLARE(sim_slot_task_tgid);
SIM_SLOT_DECLARE(sim_slot_task_real_parent);
SIM_SLOT_DECLARE(sim_slot_task_cred);
SIM_SLOT_DECLARE(sim_slot_task_comm);
SIM_SLOT_DECLARE(sim_slot_cred_uid);
SIM_SLOT_DECLARE(sim_slot_cred_gid);
SIM_SLOT_DECLARE(sim_slot_cred_euid);
SIM_SLOT_DECLARE(sim_slot_cred_egid);

void sim_ring_doorbell(uint16_t port)
{
	CHECK_EQUAL(config.doorbell_port, port);
	__atomic_fetch_add(&doorbells, 1, __ATOMIC_SEQ_CST);
}

static void commit(uint64_t gpa, uint64_t size)
{
	/* Mapping anew makes it zero. */
	void *at = mmap(ram_base + gpa, size, PROT_READ | PROT_WRITE,
			MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED);
}

void guest_reset(uint32_t levels, uint64_t ring_capacity)
{
	if (!ram_base) {
		ram_base = mmap(NULL, 8ull << 30, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK(ram_base != MAP_FAILED);
	}
	commit(0, VGA_HOLE);
	commit(FIRST_MIB, LOW_RAM_SIZE - FIRST_MIB);
	commit(HIGH_RAM, HIGH_RAM_SIZE);
	free(ring_base);
	ring_base = aligned_alloc(SIM_PAGE_SIZE, SIM_PAGE_SIZE + ring_capacity);
	memset(ring_base, 0, SIM_PAGE_SIZE + ring_capacity);
	next_free = FIRST_MIB;
	doorbells = 0;
	memset(&config, 0, sizeof(config));
	config.abi = SIM_ABI_VERSION;
	config.ring = (uintptr_t)ring_base;
	config.ring_capacity = ring_capacity;
	config.direct_map = (uintptr_t)ram_base;
	config.page_offset = PAGE_OFFSET;
	config.paging_levels = levels;
	config.doorbell_port = 0x5e1;
	config.ram_range_count = 3;
	config.ram[0] = (struct sim_ram_range){ FIRST_MIB, LOW_RAM_SIZE - FIRST_MIB };
	config.ram[1] = (struct sim_ram_range){ 0, VGA_HOLE };
	config.ram[2] = (struct sim_ram_range){ HIGH_RAM, HIGH_RAM_SIZE };
	SET_SLOT(sim_slot_config, (uintptr_t)&config);
}

uint8_t *ram(uint64_t gpa)
{
	return ram_base + gpa;
}

void put_u64(uint64_t gpa, uint64_t value)
{
	memcpy(ram(gpa), &value, sizeof(value));
}

void put_u32(uint64_t gpa, uint32_t value)
{
	memcpy(ram(gpa), &value, sizeof(value));
}

uint64_t new_page(void)
{
	uint64_t page = next_free;

	CHECK(page < LOW_RAM_SIZE);
	next_free += SIM_PAGE_SIZE;
	memset(ram(page), 0, SIM_PAGE_SIZE);
	return page;
}

uint64_t entry_at(uint64_t root, uint64_t gva, uint32_t level)
{
	uint64_t table = root;

	for (uint32_t l = config.paging_levels;; l--) {
		uint64_t entry = table + (gva >> (12 + 9 * (l - 1)) & 511) * 8;
		uint64_t value;

		if (l == level)
			return entry;
		memcpy(&value, ram(entry), sizeof(value));
		if (!(value & PRESENT)) {
			value = new_page() | PRESENT;
			put_u64(entry, value);
		}
		table = value & ~0xfffull;
	}
}

void map(uint64_t root, uint64_t gva, uint64_t gpa, uint32_t level)
{
	put_u64(entry_at(root, gva, level), gpa | PRESENT | (level > 1 ? LEAF : 0));
}

struct sim_ring *ring(void)
{
	return (struct sim_ring *)ring_base;
}

struct sim_event *next_event(void)
{
	for (;;) {
		uint64_t tail = ring()->tail;
		uint8_t *at = ring_base + SIM_PAGE_SIZE + (tail & (config.ring_capacity - 1));
		struct sim_event *event = NULL;
		uint32_t size;

		if (tail == __atomic_load_n(&ring()->head, __ATOMIC_ACQUIRE))
			return NULL;
		size = __atomic_load_n((uint32_t *)at, __ATOMIC_ACQUIRE);
		if (!size)
			return NULL;
		CHECK_EQUAL(0, size % 8);
		CHECK((tail & (config.ring_capacity - 1)) + size <= config.ring_capacity);
		if (((struct sim_event *)at)->type != SIM_EVENT_PAD) {
			CHECK(size >= sizeof(struct sim_event));
			event = malloc(size);
			memcpy(event, at, size);
		}
		memset(at, 0, size);
		__atomic_store_n(&ring()->tail, tail + size, __ATOMIC_RELEASE);
		if (event)
			return event;
	}
}

char *text_of(const struct sim_event *event, size_t head, unsigned index)
{
	const uint8_t *bytes = (const uint8_t *)event;
	size_t at = head;

	for (;; index--) {
		uint16_t length;
		char *text;

		if (at + 2 > event->size)
			return NULL;
		memcpy(&length, bytes + at, 2);
		at += 2;
		CHECK(at + length <= event->size);
		if (index == 0) {
			text = malloc(length + 1u);
			memcpy(text, bytes + at, length);
			text[length] = 0;
			return text;
		}
		at += length;
	}
}

void set_task_slots(void)
{
	SET_SLOT(sim_slot_task_size, 0x200);
	SET_SLOT(sim_slot_cred_size, 0x80);
	SET_SLOT(sim_slot_task_pid, 0x100);
	SET_SLOT(sim_slot_task_tgid, 0x104);
	SET_SLOT(sim_slot_task_real_parent, 0x110);
	SET_SLOT(sim_slot_task_cred, 0x118);
	SET_SLOT(sim_slot_task_comm, 0x120);
	SET_SLOT(sim_slot_cred_uid, 8);
	SET_SLOT(sim_slot_cred_gid, 12);
	SET_SLOT(sim_slot_cred_euid, 24);
	SET_SLOT(sim_slot_cred_egid, 28);
}

uint64_t new_task(uint32_t id, uint64_t parent)
{
	uint64_t task = new_page();
	uint64_t cred = new_page();

	put_u32(task + 0x100, id);
	put_u32(task + 0x104, id + 1);
	put_u64(task + 0x110, parent);
	put_u64(task + 0x118, PAGE_OFFSET + cred);
	snprintf((char *)ram(task + 0x120), 16, "task-%u", id);
	put_u32(cred + 8, id + 2);
	put_u32(cred + 12, id + 3);
	put_u32(cred + 24, id + 4);
	put_u32(cred + 28, id + 5);
	return PAGE_OFFSET + task;
}

void expect_subject(const struct sim_subject *subject, uint64_t task, uint32_t id,
		    uint32_t parent_id)
{
	char comm[17] = { 0 };
	char expected[16];

	CHECK_EQUAL(task, subject->task);
	CHECK_EQUAL(id, subject->pid);
	CHECK_EQUAL(id + 1, subject->tgid);
	CHECK_EQUAL(parent_id + 1, subject->ppid);
	CHECK_EQUAL(id + 2, subject->uid);
	CHECK_EQUAL(id + 3, subject->gid);
	CHECK_EQUAL(id + 4, subject->euid);
	CHECK_EQUAL(id + 5, subject->egid);
	memcpy(comm, subject->comm, 16);
	snprintf(expected, sizeof(expected), "task-%u", id);
	CHECK(strcmp(expected, comm) == 0);
}

/* `tests`, or `tests count`, which counts instructions. */
int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "count") == 0) {
		count_tests();
		return 0;
	}
	memory_tests();
	text_tests();
	ring_tests();
	dispatch_tests();
	syscalls_tests();
	process_tests();
	modules_tests();
	return 0;
}
