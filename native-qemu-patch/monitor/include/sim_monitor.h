/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one header a monitor includes. It declares what it wants from the host (hooks, slots,
 * parameters: sim_declarations.h) and may use, while it runs, guest memory (sim_memory.h,
 * sim_fields.h) and the event ring (sim_event.h). The library behind them is linked into each
 * monitor.
 *
 * A monitor runs in the SIM view with interrupts off, on a stack of 16 KiB, on behalf of a guest
 * that may be hostile, and on several vCPUs at once. It has no libc and uses no vector registers.
 * What it reads from the guest may change between two reads.
 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include "sim_declarations.h"
#include "sim_event.h"
#include "sim_fields.h"
#include "sim_memory.h"

#endif
