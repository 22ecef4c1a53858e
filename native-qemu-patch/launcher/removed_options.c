/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "removed_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/*
 * libvirt 9.0 passes -no-acpi, -no-hpet, tty and parport without asking QEMU whether it knows them;
 * the others may stand in a <qemu:commandline>. What has no successor is left to QEMU to refuse.
 */
static const struct removed_option {
	const char *name;
	const char *value; /* up to its first comma; NULL: it takes none; "": any, kept */
	const char *option;
	const char *replacement;
} removed_options[] = {
	{ "no-acpi", NULL, "-machine", "acpi=off" },
	{ "no-hpet", NULL, "-machine", "hpet=off" },
	{ "async-teardown", NULL, "-run-with", "async-teardown=on" },
	{ "chroot", "", "-run-with", "chroot=" },
	{ "runas", "", "-run-with", "user=" },
	{ "chardev", "tty", "-chardev", "serial" },
	{ "chardev", "parport", "-chardev", "parallel" },
	{ "device", "sga", "-machine", "graphics=off" },
};

static bool matches(const struct removed_option *removed, const char *argument, const char *value)
{
	size_t length;

	if (!is_option(argument, removed->name))
		return false;
	if (!removed->value)
		return true;
	if (!value)
		return false;
	length = strlen(removed->value);
	return length == 0 || (strncmp(value, removed->value, length) == 0 &&
			       (value[length] == '\0' || value[length] == ','));
}

static const struct removed_option *find(const char *argument, const char *value)
{
	for (size_t i = 0; i < sizeof(removed_options) / sizeof(removed_options[0]); i++)
		if (matches(&removed_options[i], argument, value))
			return &removed_options[i];
	return NULL;
}

char **removed_options_translate(int *argc, char **argv)
{
	char **translated = calloc(2 * (size_t)*argc + 1, sizeof(*translated));
	int next = 0;

	if (!translated)
		return NULL;
	for (int i = 0; i < *argc; i++) {
		/* argv[*argc] is NULL */
		const struct removed_option *removed = find(argv[i], argv[i + 1]);
		const char *rest = "";

		if (!removed) {
			translated[next++] = argv[i];
			continue;
		}
		if (removed->value)
			rest = argv[++i] + strlen(removed->value);
		translated[next++] = (char *)removed->option;
		if (asprintf(&translated[next++], "%s%s", removed->replacement, rest) < 0)
			return NULL;
	}
	*argc = next;
	return translated;
}
