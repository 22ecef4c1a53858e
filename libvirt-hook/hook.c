/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/libvirt/hooks/qemu.d/50-sim: libvirt calls it as `50-sim NAME OPERATION SUB-OPERATION EXTRA`
 * with the domain's XML on stdin (https://libvirt.org/hooks.html) and waits for it.
 *
 * A domain without a <sim:sim> element costs one scan of its XML. For the others the manager is
 * asked; what happens when it can't be asked, or says no:
 *
 *   operation                               required='yes'     otherwise
 *   prepare start started restore migrate   exit 1, one line   exit 0
 *   attach
 *   reconnect stopped release, unknown      exit 0             exit 0
 *
 * (a non-zero exit from `reconnect` would kill a running guest). A domain whose element can't be
 * understood, as the manager says, is refused as if it had required='yes'. Nothing is ever written
 * to stdout: for restore and migrate that would replace the domain's XML. libvirt is never called:
 * it holds the domain's lock while it waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain_xml.h"
#include "manager_client.h"

#define TIME_LIMIT_MS 2000
#define MAX_XML (8u << 20)

struct operation {
	const char *name;
	bool may_refuse;
};

static const struct operation operations[] = {
	{ "prepare", true },    { "start", true },    { "started", true },
	{ "restore", true },    { "migrate", true },  { "attach", true },
	{ "reconnect", false }, { "stopped", false }, { "release", false },
};

struct document {
	char *text;
	size_t length;
	bool whole;
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

/*
 * Reads stdin to its end, so that libvirt never meets a broken pipe; keeps at most MAX_XML bytes.
 */
static struct document read_stdin(int64_t deadline_ms)
{
	struct document document = { NULL, 0, false };
	size_t capacity = 0;
	char rest[4096];

	for (;;) {
		bool keep = document.length < MAX_XML;
		ssize_t got;

		if (keep && document.length == capacity) {
			size_t larger = capacity ? 2 * capacity : 65536;
			char *text = realloc(document.text, larger);

			if (!text)
				return document;
			document.text = text;
			capacity = larger;
		}
		if (wait_ready(STDIN_FILENO, POLLIN, deadline_ms) <= 0)
			return document;
		got = keep ? read(STDIN_FILENO, document.text + document.length,
				  capacity - document.length) :
			     read(STDIN_FILENO, rest, sizeof(rest));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return document;
		if (got == 0) {
			document.whole = keep;
			return document;
		}
		if (keep)
			document.length += (size_t)got;
	}
}

static int refuse(const char *name, const char *operation, const char *why, const char *reason,
		  const char *next_step)
{
	fprintf(stderr, "SIM refuses to %s domain '%s', %s: %s%s\n", operation, name, why, reason,
		next_step);
	return 1;
}

int main(int argc, char **argv)
{
	static const char start_manager[] =
		"; start it (systemctl start sim-manager) or take required='yes' out of <sim:sim>";
	static const char required[] = "which requires SIM";
	static const char misunderstood[] = "as what it asks of SIM can't be understood";
	int64_t deadline_ms = now_ms() + TIME_LIMIT_MS;
	const char *run_dir = getenv("SIM_RUN_DIR");
	struct document document = read_stdin(deadline_ms);
	const struct operation *operation;
	enum manager_answer answer;
	bool may_refuse;
	char socket_path[512], line[1024];

	if (argc < 4) {
		fprintf(stderr,
			"usage: %s NAME OPERATION SUB-OPERATION EXTRA <DOMAIN-XML "
			"(libvirt calls this)\n",
			argv[0]);
		return 2;
	}
	operation = find_operation(argv[2]);
	if (!operation)
		return 0;
	if (!document.whole) {
		if (operation->may_refuse && xml_mentions_sim(document.text, document.length))
			return refuse(argv[1], argv[2], required,
				      "its XML did not arrive whole within 2 s and 8 MiB",
				      "; see libvirt's log");
		return 0;
	}
	if (!xml_mentions_sim(document.text, document.length))
		return 0;
	may_refuse = operation->may_refuse && xml_requires_sim(document.text, document.length);
	snprintf(socket_path, sizeof(socket_path), "%s/sim-manager.sock",
		 run_dir && *run_dir ? run_dir : "/run/sim-manager");
	answer = ask_manager(socket_path, deadline_ms, argv[2], argv[3], argv[1], document.text,
			     document.length, line, sizeof(line));
	if (answer == MANAGER_FORBIDS && operation->may_refuse)
		return refuse(argv[1], argv[2], misunderstood, line, "");
	if (answer == MANAGER_OK || !may_refuse)
		return 0;
	return refuse(argv[1], argv[2], required, line,
		      answer == MANAGER_UNREACHABLE ? start_manager : "");
}
