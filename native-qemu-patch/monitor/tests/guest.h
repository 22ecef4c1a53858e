/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A region and a guest in the memory of the test program: RAM in three ranges
 * with holes that fault, page tables that the tests build, a ring, a host.
 */
#ifndef SIM_TEST_GUEST_H
#define SIM_TEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "sim_monitor.h"

/* A PC's memory: from the VGA hole to the first MiB there is none. */
#define VGA_HOLE 0xa0000ull
#define FIRST_MIB (1ull << 20)
#define LOW_RAM_SIZE (16ull << 20)
#define HIGH_RAM (4ull << 30)
#define HIGH_RAM_SIZE (16ull << 20)
#define PAGE_OFFSET 0xffff888000000000ull

/* Entry bits of the guest's page tables. */
#define PRESENT 1ull
#define LEAF (1ull << 7)

/* Writes a slot, as the manager does. */
#define SET_SLOT(slot, value) (*(volatile uint64_t *)(uintptr_t)&(slot) = (value))

/* A fresh guest: RAM all zeros, ring empty, no hooks, `levels` of paging. */
void guest_reset(uint32_t levels, uint64_t ring_capacity);

extern struct sim_config config;
extern unsigned doorbells;

/* Guest RAM by guest-physical address. */
uint8_t *ram(uint64_t gpa);
void put_u64(uint64_t gpa, uint64_t value);
void put_u32(uint64_t gpa, uint32_t value);

/* A zeroed page of low RAM. */
uint64_t new_page(void);

/* Maps a page of the size that `level` has (1: 4 KiB, 2: 2 MiB, 3: 1 GiB); makes the tables. */
void map(uint64_t root, uint64_t gva, uint64_t gpa, uint32_t level);

/* The entry of `level` on the way to `gva`; the tables above it must exist. */
uint64_t entry_at(uint64_t root, uint64_t gva, uint32_t level);

/* What the host takes out of the ring: the next record, copied, or NULL. Free it. Skips padding. */
struct sim_event *next_event(void);
struct sim_ring *ring(void);

/*
 * The text number `index` behind a head of `head` bytes, as a string. Free it. NULL if the record
 * ends before.
 */
char *text_of(const struct sim_event *event, size_t head, unsigned index);

/* The tests: each prints what it specifies and stops the program where it fails. */
void memory_tests(void);
void text_tests(void);
void ring_tests(void);
void dispatch_tests(void);
void syscalls_tests(void);
void process_tests(void);
void modules_tests(void);
void count_tests(void);

/* What count_tests counts. */
void prepare_open(void);
void call_open(void);
void prepare_fork(void);
void call_fork(void);
void call_exit(void);

/* A task with the subject that expect_subject() checks; `id` makes it unlike others. */
uint64_t new_task(uint32_t id, uint64_t parent);
void expect_subject(const struct sim_subject *subject, uint64_t task, uint32_t id,
		    uint32_t parent_id);
void set_task_slots(void);

#endif
