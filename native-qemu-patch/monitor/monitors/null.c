/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor "null": for measuring only. It watches nothing: its handler returns at
 * once, so what a hooked getppid(2) costs more than an unhooked one is a call of
 * the gate and nothing else.
 *
 * A program can call getppid by itself as often as it likes, and hardly any other does.
 */
#include "sim_monitor.h"

#define HOOK_GETPPID 1

SIM_HANDLER on_getppid(const struct sim_call *call, const struct sim_hook *hook);
SIM_ON_ENTRY(on_getppid, HOOK_GETPPID, 0, SIM_REQUIRED, "__x64_sys_getppid");

static int64_t on_getppid(const struct sim_call *call, const struct sim_hook *hook)
{
	(void)call;
	(void)hook;
	return 0;
}
