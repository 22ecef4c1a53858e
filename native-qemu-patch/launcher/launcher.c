/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-system-x86_64-sim: what <emulator> names for a domain under SIM.
 *
 * libvirt starts it as it starts any QEMU. When the manager has prepared the domain (the file `launch` in
 * the domain's run directory, one argument a line), the launcher adds those arguments, makes guest RAM
 * shared so that the manager can read it, and executes the patched QEMU. So a domain needs no
 * qemu:commandline and is not tainted. Whatever is not a prepared domain (libvirt's probing, -version, a
 * domain that isn't under SIM) passes through, unless the domain is marked as one that must not
 * run unprotected; only options that older libvirts pass and this QEMU removed are translated.
 *
 * Exit status 1 and one line on stderr for every refusal: libvirt shows that line to the user.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cpu_features.h"
#include "memory_backend.h"
#include "options.h"
#include "removed_options.h"

#define UUID_LENGTH 36
#define MAX_ARGUMENTS 8192
#define MAX_LAUNCH_BYTES 65536
#define MAX_LAUNCH_LINES 256

static const char default_qemu[] = "/usr/lib/qemu-sim/qemu-system-x86_64";
static const char default_run_dir[] = "/run/sim-manager";
static const char default_state_dir[] = "/var/lib/sim-manager";

__attribute__((noreturn, format(printf, 1, 2)))
static void refuse(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("sim: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	fflush(stderr);
	/*
	 * This process holds the socket of QEMU's monitor. Were it gone before libvirt connects, virsh would tell of a refused
	 * connection, not of what stands above.
	 */
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	exit(1);
}

static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

static bool machine_is_none(const char *value)
{
	const char *type = strncmp(value, "type=", 5) == 0 ? value + 5 : value;

	return strcmp(type, "none") == 0 || strncmp(type, "none,", 5) == 0;
}

/* libvirt's and people's questions to a QEMU that will not run a guest. */
static bool is_probe(int argc, char **argv)
{
	static const char *const questions[] = { "version", "help", "h" };

	for (int i = 1; i < argc; i++) {
		for (size_t q = 0; q < sizeof(questions) / sizeof(questions[0]); q++)
			if (is_option(argv[i], questions[q]))
				return true;
		if (i + 1 < argc && (is_option(argv[i], "machine") || is_option(argv[i], "M")) && machine_is_none(argv[i + 1]))
			return true;
	}
	return false;
}

static bool canonical_uuid(const char *text, char uuid[UUID_LENGTH + 1])
{
	if (strlen(text) != UUID_LENGTH)
		return false;
	for (int i = 0; i < UUID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = text[i];

		if (dash ? c != '-' : !strchr("0123456789abcdefABCDEF", c))
			return false;
		uuid[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	uuid[UUID_LENGTH] = '\0';
	return true;
}

/* False when the command line names no domain. */
static bool domain_uuid(int argc, char **argv, char uuid[UUID_LENGTH + 1])
{
	bool found = false;

	for (int i = 1; i < argc; i++) {
		char next[UUID_LENGTH + 1];

		if (!is_option(argv[i], "uuid"))
			continue;
		if (i + 1 == argc || !canonical_uuid(argv[i + 1], next))
			refuse("-uuid needs a UUID like 01234567-89ab-cdef-0123-456789abcdef, not '%.64s'",
			       i + 1 == argc ? "" : argv[i + 1]);
		if (found && strcmp(uuid, next) != 0)
			refuse("the command line names two domains, %s and %s; remove the second -uuid", uuid, next);
		memcpy(uuid, next, sizeof(next));
		found = true;
		i++;
	}
	return found;
}

/* @uuid with what stands before and behind it, in @directory. */
static char *path_of(const char *directory, const char *before, const char *uuid,
		     const char *behind)
{
	char *path;

	if (asprintf(&path, "%s/%s%s%s", directory, before, uuid, behind) < 0)
		refuse("out of memory");
	return path;
}

static bool must_be_prepared(const char *uuid)
{
	char *marker = path_of(setting("SIM_STATE_DIR", default_state_dir), "required/", uuid, "");
	struct stat status;
	bool required = true;

	if (lstat(marker, &status) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			refuse("can't tell whether domain %s may run without SIM (%s: %s); the folder must be "
			       "searchable for the user QEMU runs as", uuid, marker, strerror(errno));
		required = false;
	}
	free(marker);
	return required;
}

/*
 * Reads the launch file and removes it: one preparation starts one QEMU. Returns its text, each line
 * ended by a NUL, or NULL if the domain was not prepared.
 */
static char *take_launch_file(const char *uuid, size_t *length)
{
	char *path = path_of(setting("SIM_RUN_DIR", default_run_dir), "domains/libvirt-", uuid, "/launch");
	char *text = malloc(MAX_LAUNCH_BYTES + 1);
	struct stat status;
	size_t used = 0;
	int fd;

	if (!text)
		refuse("out of memory");
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			refuse("can't read %s: %s", path, strerror(errno));
		free(text);
		free(path);
		return NULL;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		refuse("%s is not a regular file", path);
	if ((status.st_uid != 0 && status.st_uid != geteuid()) || (status.st_mode & 022))
		refuse("%s can be written by others than root and the user QEMU runs as", path);
	while (used <= MAX_LAUNCH_BYTES) {
		ssize_t got = read(fd, text + used, MAX_LAUNCH_BYTES + 1 - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			refuse("can't read %s: %s", path, strerror(errno));
		if (got == 0)
			break;
		used += (size_t)got;
	}
	close(fd);
	if (used == 0 || used > MAX_LAUNCH_BYTES || text[used - 1] != '\n' || memchr(text, '\0', used))
		refuse("%s is not a launch file; start the domain again", path);
	if (unlink(path) != 0)
		refuse("can't remove %s: %s", path, strerror(errno));
	for (size_t i = 0; i < used; i++)
		if (text[i] == '\n')
			text[i] = '\0';
	*length = used;
	free(path);
	return text;
}

/*
 * Rewrites the memory backends in place; refuses guest RAM that the manager could not read.
 */
static void share_guest_ram(int argc, char **argv, const char *uuid)
{
	int backends = 0;

	for (int i = 1; i + 1 < argc; i++) {
		char *replacement = NULL;
		char id[64];

		if (is_option(argv[i], "mem-path"))
			refuse("guest RAM of domain %s is a private file (-mem-path); add <access mode='shared'/> to "
			       "<memoryBacking>", uuid);
		if (!is_option(argv[i], "object"))
			continue;
		i++;
		switch (memory_backend_judge(argv[i], &replacement, id, sizeof(id))) {
		case BACKEND_REPLACE:
			argv[i] = replacement;
			break;
		case BACKEND_PRIVATE:
			refuse("guest RAM '%s' of domain %s is a private file; add <access mode='shared'/> to "
			       "<memoryBacking>", id, uuid);
		case BACKEND_MALFORMED:
			refuse("can't read this memory backend of domain %s: %.200s", uuid, argv[i]);
		case BACKEND_KEEP:
			break;
		}
		if (strstr(argv[i], "memory-backend-"))
			backends++;
	}
	if (backends == 0)
		refuse("guest RAM of domain %s has no -object memory-backend-...; SIM needs libvirt 6.2 or newer and a "
		       "versioned machine type", uuid);
}

static char **prepared_arguments(int *count, char **argv, char *launch, size_t launch_length)
{
	int argc = *count;
	char *features[CPU_FEATURES_MAX_ARGUMENTS];
	size_t lines = 0, next = 0;
	char **arguments;
	int more = 0;

	for (size_t i = 0; i < launch_length; i++)
		lines += launch[i] == '\0';
	if (lines > MAX_LAUNCH_LINES)
		refuse("the launch file has %zu arguments, more than %d", lines, MAX_LAUNCH_LINES);
	arguments = calloc((size_t)argc + lines + CPU_FEATURES_MAX_ARGUMENTS + 1, sizeof(*arguments));
	if (cpu_features_on_kvm(argc, argv))
		more = cpu_features_hide(argc, argv, features);
	if (!arguments || more < 0)
		refuse("out of memory");
	for (int i = 0; i < argc; i++)
		arguments[next++] = argv[i];
	for (int i = 0; i < more; i++)
		arguments[next++] = features[i];
	for (size_t i = 0; i < launch_length; i += strlen(launch + i) + 1)
		arguments[next++] = launch + i;
	arguments[next] = NULL;
	*count = (int)next;
	return arguments;
}

int main(int argc, char **argv)
{
	const char *qemu = setting("SIM_QEMU", default_qemu);
	char uuid[UUID_LENGTH + 1];

	if (argc < 1 || argc > MAX_ARGUMENTS)
		refuse("%d arguments are more than any QEMU command line has", argc);
	if (access(qemu, X_OK) != 0)
		refuse("can't run %s: %s; install the patched QEMU (virt-sim host-validate checks it)", qemu, strerror(errno));
	if (!is_probe(argc, argv) && domain_uuid(argc, argv, uuid)) {
		size_t launch_length = 0;
		char *launch = take_launch_file(uuid, &launch_length);

		if (launch) {
			if (cpu_features_encrypted(argc, argv))
				refuse("the memory of domain %s is encrypted, so that nothing on the host could monitor it; "
				       "remove <launchSecurity>", uuid);
			share_guest_ram(argc, argv, uuid);
			argv = prepared_arguments(&argc, argv, launch, launch_length);
		} else if (must_be_prepared(uuid)) {
			refuse("domain %s requires SIM but was not prepared; is sim-manager running and the libvirt hook "
			       "/etc/libvirt/hooks/qemu.d/50-sim installed? (virt-sim host-validate)", uuid);
		}
	}
	argv = removed_options_translate(&argc, argv);
	if (!argv)
		refuse("out of memory");
	argv[0] = (char *)qemu;
	execv(qemu, argv);
	refuse("can't run %s: %s", qemu, strerror(errno));
}
