/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options: QEMU's command line.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <string.h>

/* QEMU takes -option and --option alike. */
static inline bool is_option(const char *argument, const char *name)
{
	if (argument[0] != '-')
		return false;
	argument += argument[1] == '-' ? 2 : 1;
	return strcmp(argument, name) == 0;
}

#endif
