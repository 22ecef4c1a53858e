/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two functions that the compiler expects of a system without libc. Words
 * at a time: string instructions go byte by byte under emulation.
 */
#include "sdk.h"

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *to, const void *from, __SIZE_TYPE__ size)
{
	uint8_t *target = to;
	const uint8_t *source = from;

	for (; size >= 32; size -= 32, target += 32, source += 32) {
		((word *)target)[0] = ((const volatile word *)source)[0];
		((word *)target)[1] = ((const volatile word *)source)[1];
		((word *)target)[2] = ((const volatile word *)source)[2];
		((word *)target)[3] = ((const volatile word *)source)[3];
	}
	for (; size >= 8; size -= 8, target += 8, source += 8)
		*(word *)target = *(const volatile word *)source;
	for (; size; size--)
		*target++ = *(const volatile uint8_t *)source++;
	return to;
}

void *memset(void *to, int byte, __SIZE_TYPE__ size)
{
	uint8_t *target = to;
	uint64_t pattern = 0x0101010101010101ull * (uint8_t)byte;

	for (; size >= 32; size -= 32, target += 32) {
		((volatile word *)target)[0] = pattern;
		((volatile word *)target)[1] = pattern;
		((volatile word *)target)[2] = pattern;
		((volatile word *)target)[3] = pattern;
	}
	for (; size >= 8; size -= 8, target += 8)
		*(volatile word *)target = pattern;
	for (; size; size--, target++)
		*(volatile uint8_t *)target = (uint8_t)byte;
	return to;
}
