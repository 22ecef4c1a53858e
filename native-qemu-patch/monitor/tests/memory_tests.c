/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory as a monitor sees it. What lies outside RAM faults here, so a test that ends has
 * proved it was not touched.
 */
#include "guest.h"

#define KERNEL_ADDRESS 0xffffffff81234560ull
#define USER_ADDRESS 0x00007f0012345678ull

static struct sim_memory memory;
static uint64_t root;

static void fresh_guest(uint32_t levels)
{
	guest_reset(levels, 4096);
	root = new_page();
	sim_memory_open(&memory, root);
}

static uint64_t read_or(uint64_t address, uint64_t otherwise)
{
	uint64_t value;

	if (sim_read_number(&memory, address, 8, &value))
		return value;
	CHECK_EQUAL(0, value);
	return otherwise;
}

#define NO 0x6e6fu

static void it_reads_through_pages_of_4_kib_with_4_and_5_levels(void)
{
	for (uint32_t levels = 4; levels <= 5; levels++) {
		uint64_t page;

		fresh_guest(levels);
		page = new_page();
		map(root, USER_ADDRESS & ~0xfffull, page, 1);
		map(root, KERNEL_ADDRESS & ~0xfffull, page, 1);
		put_u64(page + (USER_ADDRESS & 0xfff), 11);
		put_u64(page + (KERNEL_ADDRESS & 0xfff), 22);
		CHECK_EQUAL(11, read_or(USER_ADDRESS, NO));
		CHECK_EQUAL(22, read_or(KERNEL_ADDRESS, NO));
		CHECK_EQUAL(NO, read_or(USER_ADDRESS + 4096, NO));
	}
}

static void it_reads_through_large_pages(void)
{
	fresh_guest(4);
	map(root, 0x40000000, HIGH_RAM, 3);
	map(root, 0x80000000, HIGH_RAM + (2 << 20), 2);
	put_u64(HIGH_RAM + 0x345678, 33);
	CHECK_EQUAL(33, read_or(0x40345678, NO));
	CHECK_EQUAL(33, read_or(0x80145678, NO));
	/* the leaf is 1 GiB long, the RAM behind it is not */
	CHECK_EQUAL(NO, read_or(0x40000000 + HIGH_RAM_SIZE, NO));
}

static void it_needs_no_tables_for_the_guests_direct_map(void)
{
	fresh_guest(4);
	sim_memory_open(&memory, ~0ull);
	put_u64(0x5000, 44);
	put_u64(HIGH_RAM + 0x5000, 55);
	CHECK_EQUAL(44, read_or(PAGE_OFFSET + 0x5000, NO));
	CHECK_EQUAL(55, read_or(PAGE_OFFSET + HIGH_RAM + 0x5000, NO));
	CHECK_EQUAL(NO, read_or(PAGE_OFFSET + LOW_RAM_SIZE, NO));
	CHECK_EQUAL(NO, read_or(PAGE_OFFSET + LOW_RAM_SIZE - 4, NO));
	CHECK_EQUAL(NO, read_or(PAGE_OFFSET - 8, NO));
}

static void it_reads_across_pages_and_all_or_nothing(void)
{
	uint64_t a, b;
	uint8_t bytes[4096];

	fresh_guest(4);
	a = new_page();
	b = new_page();
	map(root, 0x1000, b, 1);
	map(root, 0x2000, a, 1);
	for (int i = 0; i < 4096; i++) {
		ram(b)[i] = (uint8_t)(i * 7);
		ram(a)[i] = (uint8_t)(i * 13);
	}
	CHECK(sim_read(&memory, 0x1ffc, bytes, 4096));
	CHECK(memcmp(bytes, ram(b) + 4092, 4) == 0 && memcmp(bytes + 4, ram(a), 4092) == 0);
	CHECK(!sim_read(&memory, 0x2ffc, bytes, 8));
	for (int i = 0; i < 8; i++)
		CHECK_EQUAL(0, bytes[i]);
}

static void it_refuses_addresses_that_are_not_canonical(void)
{
	uint64_t page;

	fresh_guest(4);
	page = new_page();
	map(root, 0x0000800000000000ull, page, 1);
	CHECK_EQUAL(NO, read_or(0x0000800000000000ull, NO));
	CHECK_EQUAL(NO, read_or(0x1234567812345678ull, NO));
	fresh_guest(5);
	page = new_page();
	put_u64(page, 66);
	map(root, 0x0000800000000000ull, page, 1);
	CHECK_EQUAL(66, read_or(0x0000800000000000ull, NO));
	CHECK_EQUAL(NO, read_or(0x0100000000000000ull, NO));
}

static void it_stops_at_the_end_of_the_address_space(void)
{
	uint64_t page;
	uint8_t bytes[16];
	uint16_t flags = 0;

	fresh_guest(4);
	page = new_page();
	map(root, 0xfffffffffffff000ull, page, 1);
	map(root, 0, page, 1);
	memset(ram(page), 'x', 4096);
	CHECK(sim_read(&memory, 0xfffffffffffffff0ull, bytes, 16));
	CHECK(!sim_read(&memory, 0xfffffffffffffff8ull, bytes, 16));
	CHECK_EQUAL(8, sim_read_string(&memory, 0xfffffffffffffff8ull, bytes, 16, &flags));
	CHECK_EQUAL(SIM_EVENT_UNREADABLE, flags);
}

static void it_never_leaves_ram_whatever_the_tables_hold(void)
{
	static const uint64_t hostile[] = { LOW_RAM_SIZE, HIGH_RAM - 4096, HIGH_RAM + HIGH_RAM_SIZE,
					    0x000ffffffffff000ull, 8ull << 30 };

	for (uint32_t levels = 4; levels <= 5; levels++) {
		for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
			for (uint32_t level = 1; level <= levels; level++) {
				fresh_guest(levels);
				map(root, USER_ADDRESS & ~0xfffull, new_page(), 1);
				put_u64(entry_at(root, USER_ADDRESS, level), hostile[i] | PRESENT);
				CHECK_EQUAL(NO, read_or(USER_ADDRESS, NO));
			}
			sim_memory_open(&memory, hostile[i]);
			CHECK_EQUAL(NO, read_or(USER_ADDRESS, NO));
		}
	}
}

static void it_ends_in_tables_that_point_to_themselves(void)
{
	fresh_guest(5);
	for (int i = 0; i < 512; i++)
		put_u64(root + (uint64_t)i * 8, root | PRESENT);
	CHECK_EQUAL(root | PRESENT, read_or(USER_ADDRESS & ~7ull, NO));
}

static void it_takes_no_leaf_where_there_can_be_none(void)
{
	fresh_guest(4);
	put_u64(entry_at(root, 0x00007f0000005000ull, 4), PRESENT | LEAF);
	CHECK_EQUAL(NO, read_or(0x00007f0000005000ull, NO));
}

static void it_survives_random_tables_and_addresses(void)
{
	unsigned found = 0;

	guest_reset(5, 4096);
	srandom(1);
	for (uint64_t at = FIRST_MIB; at < LOW_RAM_SIZE; at += 8) {
		/* mostly entries that lead on, in and around RAM */
		uint64_t target = (uint64_t)(random() % 5000) << 12;

		put_u64(at, (random() % 16 ? target : (uint64_t)random() << 20) |
				    (random() % 8 != 0) | (random() % 10 ? 0 : LEAF));
	}
	for (int i = 0; i < 300000; i++) {
		uint8_t bytes[64];
		uint64_t address = ((uint64_t)random() << 33) ^ ((uint64_t)random() << 12) ^
				   (uint64_t)random();
		uint16_t flags = 0;

		config.paging_levels = random() & 1 ? 5 : 4;
		sim_memory_open(&memory, (uint64_t)(random() % 4096) << 12);
		address = (uint64_t)((int64_t)(address << 16) >> 16);
		found += sim_read(&memory, address, bytes, (uint64_t)random() % sizeof(bytes));
		CHECK(sim_read_string(&memory, address, bytes, sizeof(bytes), &flags) <=
		      sizeof(bytes));
	}
	CHECK(found > 1000); /* or it has tried nothing */
}

static void it_remembers_translations_for_one_call_only(void)
{
	uint64_t a, b;

	fresh_guest(4);
	a = new_page();
	b = new_page();
	put_u64(a, 1);
	put_u64(b, 2);
	map(root, 0x7000, a, 1);
	CHECK_EQUAL(1, read_or(0x7000, NO));
	map(root, 0x7000, b, 1);
	sim_memory_open(&memory, root);
	CHECK_EQUAL(2, read_or(0x7000, NO));
}

static void it_ignores_the_pcid_in_cr3(void)
{
	uint64_t page;

	fresh_guest(4);
	page = new_page();
	put_u64(page, 77);
	map(root, 0x7000, page, 1);
	sim_memory_open(&memory, root | 0x8000000000000005ull);
	CHECK_EQUAL(77, read_or(0x7000, NO));
}

static uint64_t field_or(const struct sim_piece *piece, uint64_t offset, uint64_t otherwise)
{
	uint64_t value;

	if (sim_field(&memory, piece, offset, 8, &value))
		return value;
	CHECK_EQUAL(0, value);
	return otherwise;
}

#define PIECE 0x2010

static void a_piece_of_the_direct_map_lies_wholly_in_ram(void)
{
	static const uint64_t ends[] = { LOW_RAM_SIZE, HIGH_RAM + HIGH_RAM_SIZE };

	fresh_guest(4);
	sim_memory_open(&memory, ~0ull);
	for (int i = 0; i < 2; i++) {
		uint64_t start = ends[i] - PIECE;
		struct sim_piece piece = sim_piece_at(&memory, PAGE_OFFSET + start, PIECE);

		put_u64(start, 5);
		put_u64(start + 0x100c, 6); /* in two pages */
		put_u64(start + PIECE - 8, 7);
		CHECK(piece.bytes == ram(start));
		CHECK_EQUAL(5, field_or(&piece, 0, NO));
		CHECK_EQUAL(6, field_or(&piece, 0x100c, NO));
		CHECK_EQUAL(7, field_or(&piece, PIECE - 8, NO));
		/* any later, and its end is no RAM: what can be read still is */
		for (uint64_t late = 1; late < PIECE; late += 0x207) {
			piece = sim_piece_at(&memory, PAGE_OFFSET + start + late, PIECE);
			CHECK(!piece.bytes);
			CHECK_EQUAL(NO, field_or(&piece, PIECE - 8, NO));
			if (late <= 0x100c)
				CHECK_EQUAL(6, field_or(&piece, 0x100c - late, NO));
		}
	}
	/* so close to the end of the address space that address and size wrap to RAM */
	for (uint64_t size = 8; size <= PIECE; size += 8)
		CHECK(!sim_piece_at(&memory, PAGE_OFFSET - 4, size).bytes);
	CHECK(!sim_piece_at(&memory, ~0ull, 8).bytes);
	CHECK(!sim_piece_at(&memory, 0, 8).bytes);
}

static void fields_of_a_structure_in_several_pieces_are_read_one_by_one(void)
{
	struct sim_piece piece;
	uint64_t a, b, value;

	fresh_guest(4);
	a = new_page();
	b = new_page();
	map(root, 0x1000, b, 1); /* the other way round than in RAM */
	map(root, 0x2000, a, 1);
	put_u64(b + 0xf00, 1);
	put_u32(b + 0xffc, 2);
	put_u32(a, 3);
	put_u64(a + 0xff8, 4);
	CHECK(sim_piece_at(&memory, 0x1f00, 0x100).bytes == ram(b + 0xf00));
	piece = sim_piece_at(&memory, 0x1f00, 0x101);
	CHECK(!piece.bytes);
	CHECK_EQUAL(1, field_or(&piece, 0, NO));
	CHECK_EQUAL(3ull << 32 | 2, field_or(&piece, 0xfc, NO));
	CHECK(sim_field(&memory, &piece, 0xfc, 4, &value) && value == 2);
	CHECK(sim_field(&memory, &piece, 0x100, 4, &value) && value == 3);
	CHECK_EQUAL(4, field_or(&piece, 0x10f8, NO));
	CHECK_EQUAL(NO, field_or(&piece, 0x10f9, NO));
	CHECK(!sim_field(&memory, &piece, 0x1100, 4, &value) && value == 0);
	/* a structure that begins where there is nothing */
	piece = sim_piece_at(&memory, 0xffc, 0x1000);
	CHECK_EQUAL(NO, field_or(&piece, 0, NO));
	CHECK_EQUAL(1, field_or(&piece, 0xf04, NO));
	piece = sim_piece_at(&memory, 0x0000800000000000ull, 8);
	CHECK(!piece.bytes);
	CHECK_EQUAL(NO, field_or(&piece, 0, NO));
}

void memory_tests(void)
{
	printf("Guest memory\n");
	TEST(it_reads_through_pages_of_4_kib_with_4_and_5_levels);
	TEST(it_reads_through_large_pages);
	TEST(it_needs_no_tables_for_the_guests_direct_map);
	TEST(it_reads_across_pages_and_all_or_nothing);
	TEST(it_refuses_addresses_that_are_not_canonical);
	TEST(it_stops_at_the_end_of_the_address_space);
	TEST(it_never_leaves_ram_whatever_the_tables_hold);
	TEST(it_ends_in_tables_that_point_to_themselves);
	TEST(it_takes_no_leaf_where_there_can_be_none);
	TEST(it_survives_random_tables_and_addresses);
	TEST(it_remembers_translations_for_one_call_only);
	TEST(it_ignores_the_pcid_in_cr3);
	TEST(a_piece_of_the_direct_map_lies_wholly_in_ram);
	TEST(fields_of_a_structure_in_several_pieces_are_read_one_by_one);
}
