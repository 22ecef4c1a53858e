/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of sim-monitor-process. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

#define USAGE                                                                               \
	"usage: sim-monitor-process --region PATH --dispatch ADDRESS --direct-map ADDRESS " \
	"--ram GPA:SIZE:OFFSET:PATH [--ram ...] [--qemu PID]"

/*
 * Reads a number, decimal or 0x-prefixed, up to `end`; `rest`, if given, gets what follows the end.
 */
static uint64_t number(const char *option, const char *word, char end, const char **rest)
{
	char *behind;
	unsigned long long value;

	errno = 0;
	value = strtoull(word, &behind, 0);
	if (*word < '0' || *word > '9' || errno || *behind != end)
		fail("%s %s: not a number where one should be; %s", option, word, USAGE);
	if (rest)
		*rest = behind + 1;
	return value;
}

static struct ram_block ram_block(const char *option, const char *word)
{
	struct ram_block block;
	const char *rest = word;

	block.gpa = number(option, rest, ':', &rest);
	block.size = number(option, rest, ':', &rest);
	block.offset = number(option, rest, ':', &rest);
	block.path = rest;
	if (!*block.path)
		fail("%s %s: no path behind the third colon; %s", option, word, USAGE);
	if ((block.gpa | block.size | block.offset) % SIM_PAGE_SIZE || !block.size ||
	    block.gpa + block.size < block.gpa || block.offset + block.size < block.offset ||
	    block.offset + block.size > INT64_MAX)
		fail("%s %s: address, size and offset must be whole pages and fit 64 bits", option,
		     word);
	return block;
}

struct arguments arguments_parse(int count, char **words)
{
	struct arguments all = { 0 };

	for (int i = 1; i < count; i += 2) {
		const char *option = words[i], *value = words[i + 1]; /* argv ends in NULL */

		if (strcmp(option, "--region") && strcmp(option, "--dispatch") &&
		    strcmp(option, "--direct-map") && strcmp(option, "--ram") &&
		    strcmp(option, "--qemu"))
			fail("unknown option %s; %s", option, USAGE);
		if (!value)
			fail("%s: its value is missing; %s", option, USAGE);
		if (!strcmp(option, "--region")) {
			all.region = value;
		} else if (!strcmp(option, "--dispatch")) {
			all.dispatch = number(option, value, '\0', NULL);
		} else if (!strcmp(option, "--direct-map")) {
			all.direct_map = number(option, value, '\0', NULL);
		} else if (!strcmp(option, "--ram")) {
			if (all.ram_count == MAX_RAM_BLOCKS)
				fail("--ram %s: there can be %d of them", value, MAX_RAM_BLOCKS);
			all.ram[all.ram_count++] = ram_block(option, value);
		} else {
			uint64_t process = number(option, value, '\0', NULL);

			if (!process || process > INT32_MAX)
				fail("--qemu %s: no process id", value);
			all.qemu = (int32_t)process;
		}
	}
	if (!all.region || !all.dispatch || !all.direct_map || !all.ram_count)
		fail("--region, --dispatch, --direct-map and --ram are needed; %s", USAGE);
	return all;
}
