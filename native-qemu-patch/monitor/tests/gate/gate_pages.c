/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's pages, patched as the manager patches them. */
#include <fcntl.h>
#include <unistd.h>

#include "machine.h"

struct filter_symbols {
	uint64_t load, mask, count, skip, target, bits;
};

#define FILTER_SYMBOLS(page, n)                                           \
	{ GATE_##page##_filter_load_##n,   GATE_##page##_filter_mask_##n, \
	  GATE_##page##_filter_count_##n,  GATE_##page##_filter_skip_##n, \
	  GATE_##page##_filter_target_##n, GATE_##page##_filter_bits_##n }

static void patch(uint8_t *pages, uint64_t symbol, uint64_t value, size_t size)
{
	memcpy(pages + symbol, &value, size);
}

bool filter_wants(uint32_t number)
{
	return number >= FILTER_COUNT || number % 7 == 3 || number == FILTER_COUNT - 1;
}

/* As the manager does. */
static void patch_filter(uint8_t *pages, const struct filter_symbols *filter, bool field,
			 uint64_t page)
{
	uint64_t target = TARGETS + 5 * 64;

	if (field) {
		patch(pages, filter->load, 0x878b, 2); /* mov disp32(%rdi), %eax */
		patch(pages, filter->load + 2, FILTER_FIELD, 4);
	} else {
		/* lea 0(%rsi), %eax, with 32 bits of displacement */
		patch(pages, filter->load, 0x868d, 6);
	}
	patch(pages, filter->mask, field ? ~0u : ~FILTER_IGNORED, 4);
	patch(pages, filter->count, FILTER_COUNT, 4);
	patch(pages, filter->skip, target - (GATE + filter->skip - page + 4), 4);
	patch(pages, filter->target, target - (GATE + filter->target - page + 4), 4);
	memset(pages + filter->bits, 0, 128);
	for (uint32_t number = 0; number < FILTER_COUNT; number++)
		pages[filter->bits + number / 8] |= (uint8_t)(filter_wants(number) << number % 8);
}

void read_gate_pages(const char *path, uint8_t pages[4 * PAGE])
{
	static const uint64_t targets[16] = OF_EACH_STUB(GATE_g1_call_target_);
	static const uint64_t exit_targets[16] = OF_EACH_STUB(GATE_x1_call_target_);
	static const struct filter_symbols filters[2] = { FILTER_SYMBOLS(g1, 0),
							  FILTER_SYMBOLS(g1, 1) };
	static const struct filter_symbols exit_filters[2] = { FILTER_SYMBOLS(x1, 0),
							       FILTER_SYMBOLS(x1, 1) };
	int file = open(path, O_RDONLY);

	CHECK(file >= 0 && read(file, pages, 4 * PAGE) == 4 * PAGE);
	close(file);
	for (uint64_t i = 0; i < 16; i++) {
		uint64_t target = TARGETS + i * 64;

		patch(pages, targets[i], target - (GATE + targets[i] + 4), 4);
		patch(pages, exit_targets[i],
		      target - (GATE + exit_targets[i] - GATE_EXIT_PAGE + 4), 4);
	}
	for (int i = 0; i < 2; i++) {
		patch_filter(pages, &filters[i], i == 1, 0);
		patch_filter(pages, &exit_filters[i], i == 1, GATE_EXIT_PAGE);
	}
	patch(pages, GATE_x1_current_offset, CURRENT_OFFSET, 4);
	patch(pages, GATE_x1_port, PORT, 4);
	patch(pages, GATE_g1_current_offset, CURRENT_OFFSET, 4);
	patch(pages, GATE_g2_sim_cr3, SIM_CR3, 8);
	patch(pages, GATE_g2_sim_cr3_low, (uint32_t)SIM_CR3, 4);
	patch(pages, GATE_g2_sim_cr3_high, (SIM_CR3 - (uint64_t)(int32_t)SIM_CR3) >> 31, 4);
	patch(pages, GATE_g2_stack_first, STACK_TOP(0), 8);
	patch(pages, GATE_g2_stack_again, STACK_TOP(0), 8);
	patch(pages, GATE_g2_stack_end, (uint32_t)STACK_TOP(STACK_COUNT), 4);
	patch(pages, GATE_g2_stack_stride, STACK_STRIDE, 4);
	patch(pages, GATE_g2_dispatch, DISPATCH, 8);
#ifdef GATE_g2_gate_page
	patch(pages, GATE_g2_gate_page, GATE >> 12, 4);
#endif
}
