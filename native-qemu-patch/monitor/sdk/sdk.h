/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the library share and a monitor has no need of. */
#ifndef SIM_SDK_H
#define SIM_SDK_H

#include "sim_monitor.h"

/* The compiler may call these on its own. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ size);
void *memset(void *to, int byte, __SIZE_TYPE__ size);

/* Wakes the host's reader: one byte written to the I/O port. */
void sim_ring_doorbell(uint16_t port);

#endif
