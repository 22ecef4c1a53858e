/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sdk.h"

void sim_ring_doorbell(uint16_t port)
{
	__asm__ volatile("outb %%al, %%dx" : : "a"(0), "d"(port) : "memory");
}
