/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor for the tests of sim-monitor-process: does what its second argument says. */
#include "probe.h"
#include "sim_monitor.h"

SIM_HANDLER probe(const struct sim_call *call, const struct sim_hook *hook);
SIM_ON_CALL(probe, 1, 0, SIM_REQUIRED, "caller", "function");

static int64_t probe(const struct sim_call *call, const struct sim_hook *hook)
{
	struct sim_memory memory;
	struct sim_event *event;
	int64_t result = 39; /* getpid of x86-64 */

	switch (call->argument[1]) {
	case PROBE_EMIT:
		sim_memory_open(&memory, call->guest_cr3);
		event = sim_event_reserve(call, hook, &memory, SIM_EVENT_MONITOR_FIRST,
					  sizeof(*event), 0);
		if (event)
			sim_event_commit(event, sizeof(*event), 0);
		break;
	case PROBE_WRITE_GUEST:
		*(volatile uint8_t *)(sim_config()->direct_map + 4096) = 1;
		break;
	case PROBE_WRITE_CONFIG:
		*(volatile uint32_t *)sim_config() = 1;
		break;
	case PROBE_OPEN_FILE:
		__asm__ volatile("mov $2, %%eax\n syscall"
				 : "+a"(result)
				 : "D"("/"), "S"(0), "d"(0)
				 : "rcx", "r11", "memory");
		break;
	}
	return (int64_t)call->argument[0];
}
