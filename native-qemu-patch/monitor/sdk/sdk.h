/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the library's files share and a monitor doesn't need. */
#ifndef SIM_SDK_H
#define SIM_SDK_H

#include "sim_memory.h"

#define noinline __attribute__((__noinline__))

/* The compiler may call these on its own. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ size);
void *memset(void *to, int byte, __SIZE_TYPE__ size);

/* Copies `count` words and advances both pointers. */
/* clang-format off */
#define COPY_WORDS(to, from, count)                                    \
	do {                                                           \
		_Pragma("GCC unroll 8")                                \
		for (int i_ = 0; i_ < (count); i_++)                   \
			*(sim_unaligned_u64 *)((to) + 8 * i_) =        \
				*(const sim_unaligned_u64 *)((from) + 8 * i_); \
		(to) += 8 * (count);                                   \
		(from) += 8 * (count);                                 \
	} while (0)
/* clang-format on */

/* Copies `size` bytes, a multiple of eight, of the monitor's own memory. */
static inline void copy_words(uint8_t *to, const uint8_t *from, uint32_t size)
{
	if (size & 8)
		COPY_WORDS(to, from, 1);
	if (size & 16)
		COPY_WORDS(to, from, 2);
	if (size & 32)
		COPY_WORDS(to, from, 4);
	for (const uint8_t *end = from + (size & ~63u); from != end;)
		COPY_WORDS(to, from, 8);
}

/* Wakes the host's reader: one byte written to the I/O port. */
void sim_ring_doorbell(uint16_t port);

#endif
