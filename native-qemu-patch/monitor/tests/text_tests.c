/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that come out of a guest, which may lie about every length. */
#include "guest.h"

static struct sim_memory memory;
static struct sim_texts texts;
static uint64_t page; /* followed by nothing */

static void fresh(void)
{
	uint64_t root;

	guest_reset(4, 4096);
	root = new_page();
	page = new_page();
	map(root, 0x10000, page, 1);
	sim_memory_open(&memory, root);
	sim_texts_open(&texts);
}

static void put(uint32_t offset, const char *text)
{
	memcpy(ram(page + offset), text, strlen(text) + 1);
}

static char *text(unsigned index)
{
	uint32_t at = 0;

	CHECK(index < texts.count);
	for (;; index--) {
		uint16_t length = (uint16_t)(texts.bytes[at] | texts.bytes[at + 1] << 8);

		CHECK(at + 2 + length <= texts.size);
		if (index == 0)
			return strndup((char *)texts.bytes + at + 2, length);
		at += 2u + length;
	}
}

static void a_string_ends_at_its_nul(void)
{
	fresh();
	put(0, "/etc/passwd");
	put(20, "");
	CHECK(sim_texts_string(&texts, &memory, 0x10000, 64));
	CHECK(sim_texts_string(&texts, &memory, 0x10000 + 20, 64));
	CHECK_EQUAL(2, texts.count);
	CHECK_EQUAL(2 + 11 + 2, texts.size);
	CHECK_EQUAL(0, texts.flags);
	CHECK_TEXT("/etc/passwd", text(0));
	CHECK_TEXT("", text(1));
}

static void a_string_of_exactly_the_limit_is_whole_and_a_longer_one_is_cut(void)
{
	fresh();
	put(0, "12345678");
	CHECK(sim_texts_string(&texts, &memory, 0x10000, 8));
	CHECK_EQUAL(0, texts.flags);
	CHECK(sim_texts_string(&texts, &memory, 0x10000, 7));
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, texts.flags);
	CHECK_TEXT("12345678", text(0));
	CHECK_TEXT("1234567", text(1));
}

static void a_string_whose_memory_ends_keeps_what_was_read(void)
{
	fresh();
	memcpy(ram(page + 4093), "abc", 3);
	CHECK(sim_texts_string(&texts, &memory, 0x10000 + 4093, 64));
	CHECK_TEXT("abc", text(0));
	CHECK_EQUAL(SIM_EVENT_UNREADABLE, texts.flags);
}

static void a_null_pointer_is_an_empty_unreadable_text(void)
{
	fresh();
	CHECK(sim_texts_string(&texts, &memory, 0, 64));
	CHECK_TEXT("", text(0));
	CHECK_EQUAL(SIM_EVENT_UNREADABLE, texts.flags);
}

static void bytes_are_bounded_by_their_limit_whatever_size_the_guest_claims(void)
{
	fresh();
	put(0, "0123456789");
	CHECK(sim_texts_bytes(&texts, &memory, 0x10000, ~0ull, 4));
	CHECK_TEXT("0123", text(0));
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, texts.flags);
	CHECK(sim_texts_bytes(&texts, &memory, 0x10000 + 4090, 16, 128));
	CHECK_TEXT("", text(1));
	CHECK_EQUAL(SIM_EVENT_TRUNCATED | SIM_EVENT_UNREADABLE, texts.flags);
}

static void an_array_of_64_or_32_bit_pointers_ends_at_its_null(void)
{
	fresh();
	put(100, "ls");
	put(110, "-l");
	put_u64(page, 0x10000 + 100);
	put_u64(page + 8, 0x10000 + 110);
	put_u32(page + 32, 0x10000 + 110);
	put_u32(page + 36, 0x10000 + 100);
	sim_texts_array(&texts, &memory, 0x10000, 8, 64, 10);
	CHECK_EQUAL(2, texts.count);
	sim_texts_array(&texts, &memory, 0x10000 + 32, 4, 64, 10);
	CHECK_EQUAL(4, texts.count);
	CHECK_TEXT("ls", text(0));
	CHECK_TEXT("-l", text(1));
	CHECK_TEXT("-l", text(2));
	CHECK_TEXT("ls", text(3));
	CHECK_EQUAL(0, texts.flags);
}

static void an_endless_array_stops_at_the_maximum(void)
{
	fresh();
	for (uint32_t i = 0; i < 512; i++)
		put_u64(page + i * 8, 0x10000 + 4095);
	put(4095, "");
	sim_texts_array(&texts, &memory, 0x10000, 8, 64, 10);
	CHECK_EQUAL(10, texts.count);
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, texts.flags);
}

static void an_array_whose_memory_ends_says_so(void)
{
	fresh();
	put(0, "x");
	put_u64(page + 4088, 0x10000);
	sim_texts_array(&texts, &memory, 0x10000 + 4088, 8, 64, 10);
	CHECK_EQUAL(1, texts.count);
	CHECK_EQUAL(SIM_EVENT_UNREADABLE, texts.flags);
}

static void what_does_not_fit_any_more_is_cut_or_left_out(void)
{
	fresh();
	memset(ram(page), 'y', 3000);
	CHECK(sim_texts_string(&texts, &memory, 0x10000, 3000));
	CHECK(sim_texts_string(&texts, &memory, 0x10000, 3000));
	CHECK_EQUAL(SIM_TEXTS_SIZE, texts.size);
	CHECK(!sim_texts_string(&texts, &memory, 0x10000, 3000));
	CHECK(!sim_texts_bytes(&texts, &memory, 0x10000, 1, 1));
	CHECK_EQUAL(2, texts.count);
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, texts.flags);
}

static void a_sequence_goes_on_behind_a_string_that_was_cut(void)
{
	fresh();
	memset(ram(page), 'z', 300);
	put(300, "");
	put(301, "next");
	sim_texts_sequence(&texts, &memory, 0x10000, 2, 10, 10);
	CHECK_TEXT("zzzzzzzzzz", text(0));
	CHECK_TEXT("next", text(1));
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, texts.flags);
}

static void a_sequence_never_goes_beyond_memory_or_the_maximum(void)
{
	fresh();
	memset(ram(page), 'z', 4096);
	sim_texts_sequence(&texts, &memory, 0x10000, ~0ull, 10, 5);
	CHECK_EQUAL(1, texts.count);
	fresh();
	sim_texts_sequence(&texts, &memory, 0x10000, ~0ull, 10, 5);
	CHECK_EQUAL(5, texts.count);
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, texts.flags);
}

void text_tests(void)
{
	printf("Texts\n");
	TEST(a_string_ends_at_its_nul);
	TEST(a_string_of_exactly_the_limit_is_whole_and_a_longer_one_is_cut);
	TEST(a_string_whose_memory_ends_keeps_what_was_read);
	TEST(a_null_pointer_is_an_empty_unreadable_text);
	TEST(bytes_are_bounded_by_their_limit_whatever_size_the_guest_claims);
	TEST(an_array_of_64_or_32_bit_pointers_ends_at_its_null);
	TEST(an_endless_array_stops_at_the_maximum);
	TEST(an_array_whose_memory_ends_says_so);
	TEST(what_does_not_fit_any_more_is_cut_or_left_out);
	TEST(a_sequence_goes_on_behind_a_string_that_was_cut);
	TEST(a_sequence_never_goes_beyond_memory_or_the_maximum);
}
